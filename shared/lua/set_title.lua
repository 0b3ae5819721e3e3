-- Sets the title of a site.
--
-- KEYS  1 site          hash
--       2 idempotency   hash with a TTL
-- ARGV  1 title, 2 fingerprint, 3 idempotency_s
--
-- Answers {'mismatch'} | {'missing'} | {'set' or 'replayed', title, created_at}: as they stand now.
--
-- Side effects: 1 the title; 2 the idempotency key is remembered.
local site, idempotency = unpack(KEYS)
local title, fingerprint, idempotency_s = unpack(ARGV)

local known = redis.call('HMGET', site, 'title', 'created_at')
if not known[2] then return { 'missing' } end

local memory = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', known[1], known[2] } end

redis.call('HSET', site, 'title', title)
remember(idempotency, idempotency_s, fingerprint, '0', '0')
return { 'set', title, known[2] }
