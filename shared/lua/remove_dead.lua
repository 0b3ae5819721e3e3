-- Removes a dead letter.
--
-- KEYS  1 dead
--       2 idempotency  hash with a TTL
-- ARGV  1 fingerprint, 2 idempotency_s, 3 id
--
-- Answers {'mismatch'} | {'unknown'} | {'removed' or 'replayed'}.
--
-- Side effects: 1 the letter is gone; 2 the idempotency key is remembered.
local dead, idempotency = unpack(KEYS)
local fingerprint, idempotency_s, id = unpack(ARGV)

local memory = recall(idempotency, fingerprint)
if memory ~= 'new' then return { memory } end
if redis.call('XDEL', dead, id) == 0 then return { 'unknown' } end

remember(idempotency, idempotency_s, fingerprint, '0', '0')
return { 'removed' }
