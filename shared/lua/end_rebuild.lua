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
local queued, ended = counter(rebuilds, number .. ':queued'), 0
for _, field in ipairs(ENDS) do ended = ended + counter(rebuilds, number .. ':' .. field) end
if before == 'cancelled' or (before == 'queued' and (state == 'queued' or ended >= queued)) then return { 'over' } end
redis.call('HSET', rebuilds, number .. ':state', state)
redis.call('ZREM', rebuilding, site .. '/' .. number)
return { 'ended' }
