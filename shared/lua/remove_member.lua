--! with account_lib
-- Takes away the role that somebody holds on a site; the account stays.
--
-- KEYS  1 records, 2 names, 3 members, 4 idempotency
-- ARGV  1 key  the name as it is compared
--       2 site, 3 fingerprint, 4 idempotency_s
--
-- Answers {'mismatch'} | {'unknown'} | {'removed' or 'replayed', record}.
--
-- Side effects: 1 the role; 2 the idempotency key is remembered.
local k = { records = KEYS[1], names = KEYS[2], members = KEYS[3] }
local key, site = unpack(ARGV)

local memory = recall(KEYS[4], ARGV[3])
if memory == 'mismatch' then return { 'mismatch' } end
local id = redis.call('HGET', k.names, key)
local account = id and load_account(k, id)
if not account then return { 'unknown' } end
if memory == 'replayed' then return { 'replayed', cjson.encode(account) } end
if not account.roles[site] then return { 'unknown' } end

local roles = {}
for other, held in pairs(account.roles) do
  if other ~= site then roles[other] = held end
end
local record = give_roles(k, account, roles)
remember(KEYS[4], ARGV[4], ARGV[3], id, '0')
return { 'removed', record }
