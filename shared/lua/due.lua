-- Moves what is due from the delayed set back to its lane.
--
-- KEYS  1 delayed, 2 builds, 3 bulk
-- ARGV  1 most          how many to move at once
--
-- Answers {moved, wait_ms}: how many moved, and how long until the next is due (-1 where none waits).
--
-- Side effects: each entry that is due is appended to its lane and removed from the set.
local delayed, builds, bulk = unpack(KEYS)
local at = now_ms()
local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', digits(at), 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
  local waiting = cjson.decode(member)
  local lane = waiting.lane == bulk and bulk or builds
  redis.call('XADD', lane, '*', 'type', 'config-published', 'data', waiting.data, 'traceparent', waiting.traceparent)
  redis.call('ZREM', delayed, member)
end
local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
return { #due, next[2] and math.max(0, tonumber(next[2]) - at) or -1 }
