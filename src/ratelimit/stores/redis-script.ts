/**
 * Decides and counts all operations of a call at once. KEYS: the call's id, then a counter per operation. ARGV: seconds to
 * remember the id, then per operation: addition, bound (empty = none), expiry (ms since the epoch). Gives value and over-limit
 * flag (0/1) per operation, in order, as decimal text joined by spaces: cjson would round what it records to 14 digits.
 */
export const applyScript = `
local known = redis.call('GET', KEYS[1])
if known then return known end
local count = #KEYS - 1
local before, after, over = {}, {}, {}
local refused, changes = false, false
for i = 1, count do
  local key, add, bound = KEYS[i + 1], tonumber(ARGV[i * 3 - 1]), ARGV[i * 3]
  local value = after[key]
  if not value then
    value = tonumber(redis.call('GET', key) or '0')
    before[key] = value
  end
  local sum = value + add
  if sum < 0 then sum = 0 end
  after[key] = sum
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
    if tonumber(ARGV[i * 3 - 1]) ~= 0 then redis.call('SET', key, string.format('%.0f', after[key]), 'PXAT', ARGV[i * 3 + 1]) end
  end
end
local results = {}
for i = 1, count do
  results[i * 2 - 1] = string.format('%.0f', values[KEYS[i + 1]])
  results[i * 2] = tostring(over[i])
end
local answer = table.concat(results, ' ')
if changes and not refused then redis.call('SET', KEYS[1], answer, 'EX', ARGV[1]) end
return answer
`;
