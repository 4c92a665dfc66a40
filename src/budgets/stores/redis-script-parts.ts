/**
 * What the scripts of redis-scripts.ts have in common. ARGV[1] is the call as JSON; answers are JSON, read in redis-wire.ts.
 * KEYS[1] is the epoch: when it is not the caller's, data was lost. ARGV[2] is the prefix with the hash tag, of which all other
 * keys are made here: which accounts a session holds on is known to the store only. So all keys are in the slot of KEYS[1], and
 * that slot of a Redis Cluster must not be moved while it is in use.
 *
 *   <prefix>:account:<key>   hash; per slot `<start>s`, `<start>h`, `<start>o`: spent, held, overrun
 *   <prefix>:session:<id>    hash; `state` (JSON), `op:<id>` an answer
 *   <prefix>:expiries        sorted set of the sessions with open holds by expiry
 *   <prefix>:expire:<id>     an answer of expire
 *   <prefix>:booked:<id>     a booking that was made
 *
 * Amounts are decimal text. Lua's numbers are doubles, so sums are made of two limbs of nine digits and the rest.
 */
export const common = `
local call = cjson.decode(ARGV[1])
if redis.call('GET', KEYS[1]) ~= call.epoch then return '{"kind":"lost"}' end
local prefix = ARGV[2]
local expiries = prefix .. ':expiries'

local base = 1000000000
local zero = {0, 0}
local function big(text)
  if not text then return zero end
  local cut = #text - 9
  if cut <= 0 then return {0, tonumber(text)} end
  return {tonumber(text:sub(1, cut)), tonumber(text:sub(cut + 1))}
end
local function carry(high, low)
  local over = math.floor(low / base)
  return {high + over, low - over * base}
end
local function add(a, b) return carry(a[1] + b[1], a[2] + b[2]) end
local function sub(a, b) return carry(a[1] - b[1], a[2] - b[2]) end
local function less(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end
local function least(a, b) if less(b, a) then return b end return a end
local function natural(a) if a[1] < 0 then return zero end return a end
local function text(a)
  if a[1] == 0 then return string.format('%.0f', a[2]) end
  return string.format('%.0f%09.0f', a[1], a[2])
end

local now = call.nowMs
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function field(start) return string.format('%.0f', start) end
local function slots(line, from, to)
  local fields = {}
  for i = from, to do
    local start = field(line.slot + i * line.slotMs)
    fields[#fields + 1] = start .. 's'
    fields[#fields + 1] = start .. 'h'
    fields[#fields + 1] = start .. 'o'
  end
  return redis.call('HMGET', prefix .. ':account:' .. line.key, unpack(fields))
end
-- what is counted in the fullest of the windows that end at the line's slot or up to so many slots after it
local function peak(line, ahead)
  local values = slots(line, 1 - line.count, ahead)
  local sum, best = {zero, zero, zero}, nil
  for i = 0, line.count + ahead - 1 do
    for c = 1, 3 do
      if values[i * 3 + c] then sum[c] = add(sum[c], big(values[i * 3 + c])) end
      local gone = i >= line.count and values[(i - line.count) * 3 + c]
      if gone then sum[c] = sub(sum[c], big(gone)) end
    end
    if i >= line.count - 1 then
      local used = add(add(sum[1], sum[2]), sum[3])
      if not best or less(best.used, used) then
        best = {spent = sum[1], held = sum[2], overrun = sum[3], used = used}
      end
    end
  end
  return best
end
local function standing(line, sums)
  return {
    budget = line.budget, account = line.account, limit = line.limit,
    start = line.slot - (line.count - 1) * line.slotMs, finish = line.slotEnd,
    spent = text(sums.spent), held = text(sums.held), overrun = text(sums.overrun)
  }
end
local function touch(line) redis.call('PEXPIRE', prefix .. ':account:' .. line.key, line.keepMs) end
local function change(line, column, by, less_by)
  local name = field(line.slot) .. column
  local key = prefix .. ':account:' .. line.key
  local value = add(big(redis.call('HGET', key, name)), by)
  if less_by then value = natural(sub(value, less_by)) end
  redis.call('HSET', key, name, text(value))
end
-- chooses the slot that the store's clock is in; a caller whose clock is elsewhere is told the time
local function locate(line, at)
  for _, slot in ipairs(line.slots) do
    if at >= slot[1] and at < slot[2] then
      line.slot, line.slotEnd, line.slots = slot[1], slot[2], nil
      return true
    end
  end
  return false
end

local function session_key(id) return prefix .. ':session:' .. id end
local function load(id)
  local state = redis.call('HGET', session_key(id), 'state')
  return state and cjson.decode(state)
end
-- keep in ms; nil = as long as it is open
local function save(id, state, keep)
  redis.call('HSET', session_key(id), 'state', cjson.encode(state))
  if keep then redis.call('PEXPIRE', session_key(id), keep) else redis.call('PERSIST', session_key(id)) end
end
local function answered(id) return redis.call('HGET', session_key(id), 'op:' .. call.id) end
local function answer(id, result)
  local encoded = cjson.encode(result)
  redis.call('HSET', session_key(id), 'op:' .. call.id, encoded)
  return encoded
end
local function ordered(hold, amounts)
  local list, given = {}, 0
  for _ in pairs(amounts) do given = given + 1 end
  if given ~= #hold.lines then return nil end
  for i, line in ipairs(hold.lines) do
    if not amounts[line.budget] then return nil end
    list[i] = amounts[line.budget]
  end
  return list
end
`;

/** For scripts that reserve. */
export const deciding = `
local function most_used(line, asked)
  local bound = sub(big(line.limit), asked)
  if line.enforcement ~= 'Hard' and asked[1] == 0 and asked[2] == 0 then bound = sub(bound, {0, 1}) end
  return least(bound, sub(big(line.limit), big(line.leastRemaining)))
end
local function free_at(line, bound)
  if line.count == 1 then return line.slotEnd end
  local values = slots(line, 1 - line.count, 0)
  local used = peak(line, 0).used
  local free = line.slotEnd
  for i = 0, line.count - 1 do
    if not less(bound, used) then break end
    for c = 1, 3 do used = sub(used, big(values[i * 3 + c])) end
    free = line.slot + (i + 1) * line.slotMs
  end
  return free
end
-- asks every line; gives what refuses and what would
local function decide(lines, amounts, first)
  local refusing, would = {}, {}
  for i, line in ipairs(lines) do
    local asked = big(amounts[i])
    local sums = peak(line, line.count - 1)
    local bound = most_used(line, asked)
    if less(bound, sums.used) and (first or line.enforcement ~= 'Soft') then
      local shortage = standing(line, sums)
      shortage.asked = amounts[i]
      if first and bound[1] >= 0 then shortage.passes = free_at(line, bound) end
      local list = line.enforcement == 'Shadow' and would or refusing
      list[#list + 1] = shortage
    end
  end
  return refusing, would
end
local function hold_amounts(lines, amounts)
  local standings = {}
  for i, line in ipairs(lines) do
    change(line, 'h', big(amounts[i]))
    touch(line)
    standings[i] = standing(line, peak(line, line.count - 1))
  end
  return standings
end
`;

/** For scripts that settle. */
export const settling = `
-- books an amount for a line; late = it expired, and was released before
local function finish(line, amount, late)
  local key = prefix .. ':account:' .. line.key
  amount = big(amount)
  local spent_before, overrun_before = big(line.spent), big(line.overrun)
  local spent = amount
  if line.enforcement == 'Hard' then
    spent = least(amount, big(line.amount))
    if late then
      local used = sub(peak(line, line.count - 1).used, overrun_before)
      spent = least(spent, add(spent_before, natural(sub(big(line.limit), used))))
    end
  end
  local overrun = sub(amount, spent)
  if not late or redis.call('HEXISTS', key, field(line.slot) .. 's') == 1 then
    change(line, 's', spent, spent_before)
    change(line, 'o', overrun, overrun_before)
    if not late then change(line, 'h', zero, big(line.amount)) end
    touch(line)
  end
  line.spent, line.overrun = text(spent), text(overrun)
end
local function settled(hold)
  local lines = {}
  for i, line in ipairs(hold.lines) do
    lines[i] = {
      budget = line.budget, account = line.account, spent = line.spent, overrun = line.overrun,
      start = line.slot - (line.count - 1) * line.slotMs, finish = line.slotEnd
    }
  end
  return lines
end
`;
