import { common, deciding, settling } from "./redis-script-parts.ts";

// The operations of a BudgetStore, one script each. Keys and arguments: redis-script-parts.ts.

export const reserveScript = `${common}${deciding}
local id = call.session
local known = answered(id)
if known then return known end
if load(id) then return '{"kind":"closed"}' end
local amounts = {}
for i, line in ipairs(call.lines) do
  if not locate(line, now) then return cjson.encode({kind = 'clock', now = now}) end
  amounts[i] = line.amount
end
local refusing, would = decide(call.lines, amounts, true)
if #refusing > 0 then
  local encoded = answer(id, {kind = 'refused', shortages = refusing})
  redis.call('PEXPIRE', session_key(id), call.rememberMs)
  return encoded
end
for _, line in ipairs(call.lines) do
  line.leastRemaining = nil
  local key = prefix .. ':account:' .. line.key
  local keep = 3 * line.count + 64
  if redis.call('HLEN', key) > 6 * keep then
    local starts = {}
    for _, name in ipairs(redis.call('HKEYS', key)) do
      if name:sub(-1) == 'h' then starts[#starts + 1] = tonumber(name:sub(1, -2)) end
    end
    table.sort(starts)
    for i = 1, #starts - keep do
      local start = field(starts[i])
      if redis.call('HGET', key, start .. 'h') == '0' then redis.call('HDEL', key, start .. 's', start .. 'h', start .. 'o') end
    end
  end
end
local standings = hold_amounts(call.lines, amounts)
local expires = now + call.ttl
save(id, {kind = 'open', owner = call.owner, price = call.price, expires = expires, lines = call.lines})
redis.call('ZADD', expiries, expires, id)
return answer(id, {kind = 'reserved', standings = standings, would = would})
`;

export const extendScript = `${common}${deciding}
local id = call.session
local known = answered(id)
if known then return known end
local hold = load(id)
if not hold then
  -- overtook its reservation: it stays without effect when it is repeated after it
  local encoded = answer(id, {kind = 'closed'})
  redis.call('PEXPIRE', session_key(id), call.rememberMs)
  return encoded
end
if hold.kind ~= 'open' then return '{"kind":"closed"}' end
local amounts = ordered(hold, call.amounts)
if not amounts then return '{"kind":"mismatch"}' end
local refusing, would = decide(hold.lines, amounts, false)
if #refusing > 0 then return answer(id, {kind = 'refused', shortages = refusing}) end
local standings = hold_amounts(hold.lines, amounts)
for i, line in ipairs(hold.lines) do line.amount = text(add(big(line.amount), big(amounts[i]))) end
save(id, hold)
return answer(id, {kind = 'reserved', standings = standings, would = would})
`;

export const meterScript = `${common}
local holds = {}
for i, report in ipairs(call.sessions) do
  local hold = load(report.session)
  holds[i] = false
  if hold and hold.kind == 'open' then
    report.list = ordered(hold, report.amounts)
    if not report.list then return cjson.encode({kind = 'mismatch', session = report.session}) end
    holds[i] = hold
  end
end
local states = {}
for i, report in ipairs(call.sessions) do
  local hold = holds[i]
  states[i] = hold and 'open' or 'closed'
  if hold then
    local before = hold.metered or {}
    hold.metered = {}
    for j, line in ipairs(hold.lines) do
      local amount = big(report.list[j])
      local last = big(before[j])
      if less(amount, last) then amount = last end
      hold.metered[j] = text(amount)
      touch(line)
    end
    hold.expires = math.max(hold.expires, now + call.ttl)
    redis.call('ZADD', expiries, hold.expires, report.session)
    save(report.session, hold)
  end
end
return cjson.encode({kind = 'metered', states = states})
`;

export const settleScript = `${common}${settling}
local id = call.session
local hold = load(id)
if hold and hold.kind == 'closed' then return cjson.encode(hold.answer) end
local result = {kind = 'unknown'}
if hold then
  local amounts = ordered(hold, call.amounts)
  if not amounts then return '{"kind":"mismatch"}' end
  local late = hold.kind == 'expired'
  for i, line in ipairs(hold.lines) do finish(line, amounts[i], late) end
  local standings = {}
  for i, line in ipairs(hold.lines) do standings[i] = standing(line, peak(line, line.count - 1)) end
  result = {kind = 'settled', late = late, price = hold.price, lines = settled(hold), standings = standings}
end
redis.call('ZREM', expiries, id)
save(id, {kind = 'closed', answer = result}, call.rememberMs)
return cjson.encode(result)
`;

export const expireScript = `${common}${settling}
local known = redis.call('GET', prefix .. ':expire:' .. call.id)
if known then return known end
local holds = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', field(now), 'LIMIT', 0, call.max)) do
  local hold = load(id)
  redis.call('ZREM', expiries, id)
  if hold and hold.kind == 'open' then
    for i, line in ipairs(hold.lines) do finish(line, (hold.metered or {})[i] or line.amount, false) end
    hold.kind = 'expired'
    save(id, hold, call.rememberExpiredMs)
    holds[#holds + 1] = {
      session = id, owner = hold.owner, price = hold.price,
      verdict = hold.metered and 'metered' or 'unknown', lines = settled(hold)
    }
  end
end
local encoded = cjson.encode({kind = 'expired', holds = holds})
if #holds > 0 then redis.call('SET', prefix .. ':expire:' .. call.id, encoded, 'PX', call.rememberMs) end
return encoded
`;

export const bookScript = `${common}
local marker = prefix .. ':booked:' .. call.id
if redis.call('EXISTS', marker) == 1 then return '{"kind":"booked"}' end
local keep = 0
for _, line in ipairs(call.lines) do
  if not locate(line, line.at) then return redis.error_reply('a time outside of the slots of its line') end
  keep = math.max(keep, line.keepMs)
end
for _, line in ipairs(call.lines) do
  local amount = big(line.amount)
  local spent = amount
  if line.enforcement == 'Hard' then
    spent = least(amount, natural(sub(big(line.limit), peak(line, line.count - 1).used)))
  end
  change(line, 's', spent)
  change(line, 'h', zero)
  change(line, 'o', sub(amount, spent))
  touch(line)
end
redis.call('SET', marker, '1', 'PX', keep)
return '{"kind":"booked"}'
`;

export const readScript = `${common}
local standings = {}
for i, line in ipairs(call.lines) do
  if not locate(line, line.at or now) then return cjson.encode({kind = 'clock', now = now}) end
  standings[i] = standing(line, peak(line, 0))
end
return cjson.encode({kind = 'standings', standings = standings})
`;
