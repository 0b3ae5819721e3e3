--! with account_lib
-- Makes an account, and an invitation to it.
--
-- KEYS  1 records, 2 names, 3 order, 4 members, 5 invited, 6 invitation, 7 idempotency
-- ARGV  1 id, 2 name, 3 key     the name as it is compared
--       4 roles                 JSON
--       5 digest, 6 prefix, 7 keep_ms   of the invitation; prefix of such keys
--       8 most                  accounts
--       9 fingerprint, 10 idempotency_s
--
-- Answers {'mismatch'} | {'exists'} | {'full'} | {'gone'} | {'added' or 'replayed', record, end of the invitation}.
--
-- Side effects: 1 the account, its name and its roles; 2 the invitation; 3 the idempotency key is remembered. A replay
-- makes a new invitation in place of the first, whose code only its answer had.
local k = { records = KEYS[1], names = KEYS[2], order = KEYS[3], members = KEYS[4], invited = KEYS[5] }
local id, name, key, roles = ARGV[1], ARGV[2], ARGV[3], cjson.decode(ARGV[4])
local invitation = { key = KEYS[6], digest = ARGV[5], prefix = ARGV[6], keep_ms = tonumber(ARGV[7]) }

local memory, made = recall(KEYS[7], ARGV[9])
if memory == 'mismatch' then return { 'mismatch' } end
local at = now_ms()
if memory == 'replayed' then
  local account = load_account(k, made)
  if not account then return { 'gone' } end
  local ends_at = account.joined_at == 0 and invite(k, account, invitation, at) or '0'
  return { 'replayed', cjson.encode(account), ends_at }
end

if redis.call('HEXISTS', k.names, key) == 1 then return { 'exists' } end
if redis.call('HLEN', k.records) >= tonumber(ARGV[8]) then return { 'full' } end
local record = create_account(k, id, name, key, roles, at)
local ends_at = invite(k, cjson.decode(record), invitation, at)
remember(KEYS[7], ARGV[10], ARGV[9], id, '0')
return { 'added', record, ends_at }
