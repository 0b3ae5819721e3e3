-- Sets the hostnames of a site: all of them, or none where one is another site's.
--
-- KEYS  1 owners        hash: hostname -> site
--       2 lists         hash: site -> time and hostnames, with spaces between
--       3 changes       sorted set: site -> time
--       4 idempotency   hash with a TTL
-- ARGV  1 site, 2 fingerprint, 3 idempotency_s
--       4 ... hostnames, none twice
--
-- Answers {'mismatch'} | {'taken', hostname, its site} | {'set' or 'replayed', the site's entry in `lists`}.
--
-- Side effects: 1 hostnames that the site no longer has are free; 2 the new ones are the site's; 3 the change takes a time
-- above all others, by which servers find it; 4 the idempotency key is remembered.
local owners, lists, changes, idempotency = unpack(KEYS)
local site, fingerprint, idempotency_s = unpack(ARGV)

local memory = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', lists, site) or '' } end

local hostnames = { unpack(ARGV, 4) }
for _, name in ipairs(hostnames) do
  local owner = redis.call('HGET', owners, name)
  if owner and owner ~= site then return { 'taken', name, owner } end
end

local newest = redis.call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')
local at = math.max(now_ms(), tonumber(newest[2] or '0') + 1)
own_hostnames({ owners = owners, lists = lists, changes = changes }, site, at, hostnames)
remember(idempotency, idempotency_s, fingerprint, '0', '0')
return { 'set', redis.call('HGET', lists, site) }
