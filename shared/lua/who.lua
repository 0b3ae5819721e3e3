--! reads only
-- Looks up a session or an API token, and with it whoever it belongs to as they are now.
--
-- KEYS  1 credential  hash of the session or the token
--       2 records     hash of accounts
--
-- Answers {} | {the credential's fields, the account's record or ''}.
local credential, records = unpack(KEYS)

local fields = redis.call('HGETALL', credential)
if #fields == 0 then return {} end
return { fields, redis.call('HGET', records, redis.call('HGET', credential, 'account')) or '' }
