-- Notes that a session or a token was used; a session lives on by it.
--
-- KEYS  1 credential  hash of the session or the token
-- ARGV  1 token_step_ms  how exactly it is noted when a token was used
--
-- Answers 1 where it was noted, 0 where it was lately, or there is none.
--
-- Side effects: 1 the time of its use; 2 a session ends later, but never after `ends_at`.
local credential = KEYS[1]

local known = redis.call('HMGET', credential, 'seen_at', 'ends_at', 'idle_ms')
if not known[1] then return 0 end
local at, idle_ms = now_ms(), tonumber(known[3] or '0')
local step_ms = idle_ms > 0 and math.min(60000, idle_ms / 10) or tonumber(ARGV[1])
if at - tonumber(known[1]) < step_ms then return 0 end
redis.call('HSET', credential, 'seen_at', digits(at))
if idle_ms > 0 then redis.call('PEXPIREAT', credential, digits(math.min(at + idle_ms, tonumber(known[2])))) end
return 1
