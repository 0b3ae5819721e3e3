-- Looks over a partition's work for what no builder would ever come by again, and mends what it can at once.
--
-- KEYS  1 delayed, 2 open
--       3 builds, 4 waiting
--       5 bulk, 6 waiting
-- ARGV  1 group
--       2 longest_ms    no entry is put off for longer than this
--
-- Answers {open, work, now_ms, stranded, early}: publications that have not ended; entries there are for them; Redis's
-- clock; how many entries were stranded, and how many were due too late.
--
-- Side effects: 1 an entry behind the group's position that nobody holds (its builder's name was deleted by hand) is
-- appended anew; 2 an entry put off later than it is now (Redis's clock was set back) waits as long as it was meant to, from
-- now; 3 one due later than anything can be is due now.
local delayed, open, builds, builds_waiting, bulk, bulk_waiting = unpack(KEYS)
local group, longest_ms = unpack(ARGV)

local function groups_position(lane)
  local groups = redis.pcall('XINFO', 'GROUPS', lane)
  for _, flat in ipairs(groups.err and {} or groups) do
    local info = {}
    for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
    if info.name == group then return info['last-delivered-id'], info.pending end
  end
end

local function rescue_stranded(lane)
  local position, pending = groups_position(lane)
  if not position then return 0 end
  local delivered = redis.call('XRANGE', lane, '-', position, 'COUNT', pending + 100)
  if #delivered <= pending then return 0 end
  local stranded = 0
  for _, entry in ipairs(delivered) do
    if #redis.call('XPENDING', lane, group, entry[1], entry[1], 1) == 0 then
      redis.call('XADD', lane, '*', unpack(entry[2]))
      redis.call('XDEL', lane, entry[1])
      stranded = stranded + 1
    end
  end
  return stranded
end

local at = now_ms()
local stranded = rescue_stranded(builds) + rescue_stranded(bulk)
local late = 0
local put_off = redis.call('ZREVRANGEBYSCORE', delayed, '+inf', '(' .. digits(at), 'WITHSCORES', 'LIMIT', 0, 1000)
for i = 1, #put_off, 2 do
  local member, due = put_off[i], tonumber(put_off[i + 1])
  local entry = cjson.decode(member)
  local put_off_at = tonumber(entry.put_off_at or '')
  if put_off_at and put_off_at > at then
    redis.call('ZREM', delayed, member)
    delay(delayed, at, math.min(due - put_off_at, tonumber(longest_ms)), entry.lane, entry)
    late = late + 1
  elseif due > at + tonumber(longest_ms) then
    redis.call('ZADD', delayed, digits(at), member)
    late = late + 1
  end
end

local work = redis.call('ZCARD', delayed)
for _, lane in ipairs({ builds, bulk }) do work = work + redis.call('XLEN', lane) end
for _, waiting in ipairs({ builds_waiting, bulk_waiting }) do work = work + redis.call('ZCARD', waiting) end
return { redis.call('ZCARD', open), work, at, stranded, late }
