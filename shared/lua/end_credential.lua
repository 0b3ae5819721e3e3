-- Ends a session, or revokes a token.
--
-- KEYS  1 list  id -> digest of an account's, 2 idempotency
-- ARGV  1 id, 2 prefix  of such keys
--       3 fingerprint, 4 idempotency_s
--
-- Answers 'mismatch' | 'unknown' | 'ended' | 'replayed'.
--
-- Side effects: 1 it is gone, from the list, too; 2 the idempotency key is remembered.
local list, idempotency = unpack(KEYS)
local id, prefix, fingerprint, idempotency_s = unpack(ARGV)

local memory = recall(idempotency, fingerprint)
if memory ~= 'new' then return memory end
local digest = redis.call('HGET', list, id)
if not digest then return 'unknown' end
redis.call('DEL', prefix .. digest)
redis.call('HDEL', list, id)
remember(idempotency, idempotency_s, fingerprint, id, '0')
return 'ended'
