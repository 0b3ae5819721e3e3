-- Removes a dead builder's name from a group, unless it still has entries: removing those would lose them.
--
-- KEYS  1 lane
-- ARGV  1 group, 2 consumer
--
-- Answers 1 where it was removed, 0 where entries are pending.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
