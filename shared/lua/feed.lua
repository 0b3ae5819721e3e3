-- Brings up work: what is due in the delayed set goes back to its lane, and each lane's waiting room lets in what the
-- lane has room for.
--
-- KEYS  1 delayed, 2 rebuilding
--       3 builds, 4 waiting, 5 turns
--       6 bulk, 7 waiting, 8 turns
-- ARGV  1 most          how many due entries to move at once
--       2 group
--
-- Answers {moved, wait_ms, rebuilds, quiet_ms}: how many were due, how long until the next is (-1 where none waits),
-- how many rebuilds still have pages to queue, and how long ago the newest interactive entry came (-1 where none did).
--
-- Side effects: each entry that is due, or let in, is appended to its lane and leaves where it waited.
local delayed, rebuilding, builds, builds_waiting, builds_turns, bulk, bulk_waiting, bulk_turns = unpack(KEYS)
local most, group = unpack(ARGV)

local at = now_ms()
local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', digits(at), 'LIMIT', 0, most)
for _, member in ipairs(due) do
  local entry = cjson.decode(member)
  append(entry.lane == bulk and bulk or builds, entry)
  redis.call('ZREM', delayed, member)
end
let_in({ stream = builds, waiting = builds_waiting, turns = builds_turns, group = group })
let_in({ stream = bulk, waiting = bulk_waiting, turns = bulk_turns, group = group })

-- An id begins with the time at which it was given.
local function quiet_ms()
  local info = redis.pcall('XINFO', 'STREAM', builds)
  for i = 1, #info, 2 do
    local newest = info[i] == 'last-generated-id' and tonumber(string.match(info[i + 1], '^%d+'))
    if newest and newest > 0 then return math.max(0, at - newest) end
  end
  return -1
end

local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
local wait_ms = next[2] and math.max(0, tonumber(next[2]) - at) or -1
return { #due, wait_ms, redis.call('ZCARD', rebuilding), quiet_ms() }
