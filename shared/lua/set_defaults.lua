-- Sets what new pages of a site begin with.
--
-- KEYS  1 site, 2 idempotency
-- ARGV  1 config        JSON
--       2 fingerprint   digest of the request
--       3 idempotency_s how long the key is remembered
--
-- Answers {'no-site'} | {'mismatch'} | {'set' or 'replayed'}.
--
-- Side effects: 1 the site has the defaults; 2 the idempotency key is remembered.
local site, idempotency = unpack(KEYS)
local config, fingerprint, idempotency_s = unpack(ARGV)

if redis.call('EXISTS', site) == 0 then return { 'no-site' } end
local memory = recall(idempotency, fingerprint)
if memory ~= 'new' then return { memory } end

redis.call('HSET', site, 'defaults', config)
remember(idempotency, idempotency_s, fingerprint, '0', '0')
return { 'set' }
