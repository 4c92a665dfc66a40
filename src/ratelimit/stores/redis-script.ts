/**
 * Decides and counts all operations of a call at once. KEYS: the call's id, then a counter per operation. ARGV: seconds to
 * remember the id, the number of the attempt, then per operation: addition, bound (empty = none), expiry (ms since the epoch).
 * Gives value and over-limit flag (0/1) per operation, in order, as decimal text joined by spaces: cjson would round what it
 * records to 14 digits. Recorded is `<attempt>;<what each operation really added>;<answer>`.
 */
export const applyScript = `
local known = redis.call('GET', KEYS[1])
if known then
  local attempt, rest, answer = string.match(known, '^(%d+)(;[^;]*;(.*))$')
  if tonumber(attempt) < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[2] .. rest, 'KEEPTTL') end
  return answer
end
local count = #KEYS - 1
local before, after, over, added = {}, {}, {}, {}
local refused, changes = false, false
for i = 1, count do
  local key, add, bound = KEYS[i + 1], tonumber(ARGV[i * 3]), ARGV[i * 3 + 1]
  local value = after[key]
  if not value then
    value = tonumber(redis.call('GET', key) or '0')
    before[key] = value
  end
  local sum = value + add
  if sum < 0 then sum = 0 end
  after[key] = sum
  added[i] = string.format('%.0f', sum - value)
  over[i] = 0
  if bound ~= '' and sum > tonumber(bound) then
    over[i] = 1
    refused = true
  end
  if add ~= 0 then changes = true end
end
local values = after
if refused then values = before end
if changes and not refused then
  for i = 1, count do
    local key = KEYS[i + 1]
    if tonumber(ARGV[i * 3]) ~= 0 then redis.call('SET', key, string.format('%.0f', after[key]), 'PXAT', ARGV[i * 3 + 2]) end
  end
end
local results = {}
for i = 1, count do
  results[i * 2 - 1] = string.format('%.0f', values[KEYS[i + 1]])
  results[i * 2] = tostring(over[i])
end
local answer = table.concat(results, ' ')
if changes and not refused then
  redis.call('SET', KEYS[1], ARGV[2] .. ';' .. table.concat(added, ' ') .. ';' .. answer, 'EX', ARGV[1])
end
return answer
`;

/**
 * Takes back what a call added, and forgets that it was there. KEYS: as for the call. ARGV: the number of the attempt that is taken
 * back. Nothing happens when a later attempt of the same call relies on the additions. Gives the values that the counters have now,
 * in order.
 */
export const takeBackScript = `
local known = redis.call('GET', KEYS[1])
if known then
  local attempt, added = string.match(known, '^(%d+);([^;]*);')
  if tonumber(attempt) <= tonumber(ARGV[1]) then
    local i = 1
    for text in string.gmatch(added, '%S+') do
      i = i + 1
      local value = redis.call('GET', KEYS[i])
      if value then
        local rest = tonumber(value) - tonumber(text)
        if rest < 0 then rest = 0 end
        redis.call('SET', KEYS[i], string.format('%.0f', rest), 'KEEPTTL')
      end
    end
    redis.call('DEL', KEYS[1])
  end
end
local values = {}
for i = 2, #KEYS do values[i - 1] = redis.call('GET', KEYS[i]) or '0' end
return table.concat(values, ' ')
`;
