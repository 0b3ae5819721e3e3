--! with account_lib
-- Takes an account away, with everything that belongs to it.
--
-- KEYS  1 records, 2 names, 3 order, 4 members, 5 invited, 6 passwords
--       7 sessions, 8 tokens   lists of the account's
--       9 idempotency
-- ARGV  1 id, 2 key  its name as it is compared
--       3 invitation, 4 session, 5 token  prefixes of such keys
--       6 fingerprint, 7 idempotency_s
--
-- Answers {'mismatch'} | {'unknown'} | {'last'} nobody would administer | {'removed', record} | {'replayed'}.
--
-- Side effects: 1 its record, name, roles and password; 2 its invitation, sessions and tokens; 3 the idempotency key is
-- remembered.
local k = { records = KEYS[1], names = KEYS[2], order = KEYS[3], members = KEYS[4], invited = KEYS[5] }
local id, key = unpack(ARGV)

local memory = recall(KEYS[9], ARGV[6])
if memory ~= 'new' then return { memory } end
local account = load_account(k, id)
if not account or redis.call('HGET', k.names, key) ~= id then return { 'unknown' } end
if is_last(k, account) then return { 'last' } end

local record = cjson.encode(account)
give_roles(k, account, {})
redis.call('HDEL', k.records, id)
redis.call('HDEL', k.names, key)
redis.call('ZREM', k.order, key)
redis.call('HDEL', KEYS[6], id)
local invitation = redis.call('HGET', k.invited, id)
if invitation then redis.call('DEL', ARGV[3] .. invitation) end
redis.call('HDEL', k.invited, id)
end_all(KEYS[7], ARGV[4])
end_all(KEYS[8], ARGV[5])
remember(KEYS[9], ARGV[7], ARGV[6], id, '0')
return { 'removed', record }
