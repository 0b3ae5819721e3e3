-- Counts a try to sign in, and looks up what the password is held against.
--
-- KEYS  1 names, 2 passwords
--       3 both, 4 name, 5 address   how often it was tried with this name from this address, with it, and from there
--       6 known                     exists where somebody signed in with this name from this address before
-- ARGV  1 key  the name as it is compared
--       2 window_ms, 3 most  tries of both
--
-- Answers {'wait', how many ms} | {'try', account or '', hash of its password or ''}.
--
-- A try that is refused is not counted, so nobody is held off for longer than the window. Somebody who signed in from
-- here before is not held off by what others do elsewhere with this name.
--
-- Side effects: 1 the try is counted.
local most = tonumber(ARGV[3])
local bounds = { { KEYS[3], most }, { KEYS[5], 6 * most } }
if redis.call('EXISTS', KEYS[6]) == 0 then bounds[3] = { KEYS[4], 3 * most } end

for _, bound in ipairs(bounds) do
  if tonumber(redis.call('GET', bound[1]) or '0') >= bound[2] then return { 'wait', redis.call('PTTL', bound[1]) } end
end
for _, bound in ipairs(bounds) do
  if redis.call('INCR', bound[1]) == 1 then redis.call('PEXPIRE', bound[1], ARGV[2]) end
end
local account = redis.call('HGET', KEYS[1], ARGV[1]) or ''
return { 'try', account, redis.call('HGET', KEYS[2], account) or '' }
