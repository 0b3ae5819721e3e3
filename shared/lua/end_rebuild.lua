-- Ends the queueing of a rebuild: every page was queued, or somebody cancelled it.
--
-- KEYS  1 rebuilds, 2 rebuilding
-- ARGV  1 site, 2 number, 3 state  'queued' or 'cancelled'
--
-- Answers {'unknown'} | {'over'}: it had ended already | {'ended'}.
--
-- Side effects: the state is kept, and the rebuild is no longer listed. Pages of a cancelled one that wait in the lane
-- end `cancelled` when a builder comes to them.
local rebuilds, rebuilding = unpack(KEYS)
local site, number, state = unpack(ARGV)

local before = redis.call('HGET', rebuilds, number .. ':state')
if not before then
  redis.call('ZREM', rebuilding, site .. '/' .. number)
  return { 'unknown' }
end
if is_over(rebuilds, number) or before == state then return { 'over' } end
redis.call('HSET', rebuilds, number .. ':state', state)
redis.call('ZREM', rebuilding, site .. '/' .. number)
return { 'ended' }
