--! with account_lib
-- Accepts an invitation: the account gets its password, and where it is the first one, it is made.
--
-- KEYS  1 invitation, 2 records, 3 names, 4 order, 5 members, 6 invited, 7 passwords, 8 idempotency
-- ARGV  1 id, 2 name, 3 key  of the first administrator's account
--       4 password           its hash
--       5 sessions, 6 session   prefixes of such keys
--       7 fingerprint, 8 idempotency_s
--
-- Answers {'mismatch'} | {'unknown'} | {'accepted' or 'replayed', record}.
--
-- Side effects: 1 the account; 2 its password; 3 its sessions end, all of them; 4 the invitation is gone; 5 the
-- idempotency key is remembered.
local k = { records = KEYS[2], names = KEYS[3], order = KEYS[4], members = KEYS[5], invited = KEYS[6] }

local memory, made = recall(KEYS[8], ARGV[7])
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then
  local record = redis.call('HGET', k.records, made)
  return record and { 'replayed', record } or { 'unknown' }
end
local json = redis.call('GET', KEYS[1])
if not json then return { 'unknown' } end
local id, at = cjson.decode(json).account, now_ms()
if id == '' and redis.call('HLEN', k.records) > 0 then return { 'unknown' } end
if id ~= '' and not load_account(k, id) then return { 'unknown' } end

if id == '' then
  id = ARGV[1]
  create_account(k, id, ARGV[2], ARGV[3], { ['*'] = 'admin' }, at)
end
local account = load_account(k, id)
if account.joined_at == 0 then account.joined_at = at end
local record = save_account(k, account)
redis.call('HSET', KEYS[7], id, ARGV[4])
end_all(ARGV[5] .. id, ARGV[6])
redis.call('DEL', KEYS[1])
redis.call('HDEL', k.invited, id)
remember(KEYS[8], ARGV[8], ARGV[7], id, '0')
return { 'accepted', record }
