--! with account_lib
-- Makes an API token.
--
-- KEYS  1 token, 2 tokens  list of the account's
--       3 records, 4 idempotency
-- ARGV  1 account, 2 id, 3 digest, 4 name, 5 roles  JSON
--       6 last  characters of the secret
--       7 keep_ms, 8 most, 9 prefix  of tokens
--       10 is_bare  '1' where the account has no record
--       11 fingerprint, 12 idempotency_s
--
-- Answers {'mismatch'} | {'unknown'} no such account | {'full'} | {'gone'} | {'made' or 'replayed', the token's fields}.
--
-- Side effects: 1 the token; 2 it is listed; 3 the idempotency key is remembered. A replay gives the token a new secret in
-- place of the first, which only the first answer had.
local token, tokens, records, idempotency = unpack(KEYS)
local account, id, digest, name, roles, last = unpack(ARGV)
local prefix = ARGV[9]

local memory, made = recall(idempotency, ARGV[11])
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then
  local old = redis.call('HGET', tokens, made)
  if not old or redis.call('EXISTS', prefix .. old) == 0 then return { 'gone' } end
  if old ~= digest then redis.call('RENAME', prefix .. old, token) end
  redis.call('HSET', token, 'last', last)
  redis.call('HSET', tokens, made, digest)
  return { 'replayed', redis.call('HGETALL', token) }
end
if ARGV[10] ~= '1' and redis.call('HEXISTS', records, account) == 0 then return { 'unknown' } end
if sweep(tokens, prefix, 1000000) >= tonumber(ARGV[8]) then return { 'full' } end

local at = now_ms()
local ends_at = at + tonumber(ARGV[7])
redis.call('HSET', token, 'id', id, 'account', account, 'name', name, 'roles', roles, 'last', last, 'created_at', digits(at),
  'ends_at', digits(ends_at), 'seen_at', '0')
redis.call('PEXPIREAT', token, digits(ends_at))
redis.call('HSET', tokens, id, digest)
outlive(tokens, ends_at)
remember(idempotency, ARGV[12], ARGV[11], id, '0')
return { 'made', redis.call('HGETALL', token) }
