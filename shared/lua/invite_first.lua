-- Makes an invitation for the first administrator, while there is no account.
--
-- KEYS  1 records, 2 invitation
-- ARGV  1 keep_ms
--
-- Answers 1 where it was made, 0 where there are accounts.
--
-- Side effects: 1 the invitation. Several may be there, one of each process that was started; one can be accepted.
if redis.call('HLEN', KEYS[1]) > 0 then return 0 end
local json = cjson.encode({ account = '', name = '', expires_at = now_ms() + tonumber(ARGV[1]) })
redis.call('SET', KEYS[2], json, 'PX', ARGV[1])
return 1
