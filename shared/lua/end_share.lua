-- Takes a share back.
--
-- KEYS  1 share        hash with a TTL
--       2 shares       hash of the page's shares: id -> JSON
--       3 preview      hash with a TTL: what was rendered for it
--       4 idempotency  hash with a TTL
-- ARGV  1 fingerprint, 2 idempotency_s, 3 id
--
-- Answers {'mismatch'} | {'unknown'} | {'ended' or 'replayed'}.
--
-- Side effects: 1 the snapshot and its page are gone, and it is no longer listed; 2 the idempotency key is remembered.
local share, shares, preview, idempotency = unpack(KEYS)
local fingerprint, idempotency_s, id = unpack(ARGV)

local memory = recall(idempotency, fingerprint)
if memory ~= 'new' then return { memory } end
if redis.call('HEXISTS', shares, id) == 0 then return { 'unknown' } end

redis.call('DEL', share)
redis.call('DEL', preview)
redis.call('HDEL', shares, id)
remember(idempotency, idempotency_s, fingerprint, '0', '0')
return { 'ended' }
