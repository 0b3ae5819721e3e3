-- Makes a share: a snapshot of a config that whoever has its address may see for a while.
--
-- KEYS  1 site         hash, must exist
--       2 versions     hash: number -> JSON
--       3 share        hash with a TTL
--       4 shares       hash of the page's shares: id -> JSON
--       5 idempotency  hash with a TTL
-- ARGV  1 fingerprint, 2 idempotency_s
--       3 id
--       4 version      number, 0 where a config is shared
--       5 config       JSON of a config, '' where a version is shared
--       6 page, 7 by
--       8 expires_in_ms
--       9 most         shares of a page
--
-- Answers {'no-site'} | {'mismatch'} | {'over'}: the same request made one that is over | {'no-version'} | {'too-many'} |
-- {'made' or 'replayed', JSON}.
--
-- Side effects: 1 shares that are over leave the list; 2 the snapshot is kept until it is over, and listed; 3 the
-- idempotency key is remembered.
local site, versions, share, shares, idempotency = unpack(KEYS)
local fingerprint, idempotency_s, id, version, config, page, by, expires_in_ms, most = unpack(ARGV)

if redis.call('EXISTS', site) == 0 then return { 'no-site' } end

local memory = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then
  local json = redis.call('EXISTS', share) == 1 and redis.call('HGET', shares, id)
  return json and { 'replayed', json } or { 'over' }
end

local saved = version == '0' and '' or redis.call('HGET', versions, version)
if not saved then return { 'no-version' } end

local at, last, listed = now_ms(), 0, 0
local listing = redis.call('HGETALL', shares)
for i = 1, #listing, 2 do
  local expires_at = cjson.decode(listing[i + 1]).expires_at
  if expires_at <= at then
    redis.call('HDEL', shares, listing[i])
  else
    last, listed = math.max(last, expires_at), listed + 1
  end
end
if listed >= tonumber(most) then return { 'too-many' } end

local expires_at = at + tonumber(expires_in_ms)
local json = cjson.encode({ id = id, page = page, version = tonumber(version), by = by, created_at = at,
  expires_at = expires_at })
redis.call('HSET', share, 'page', page, 'config', config, 'saved', saved)
redis.call('PEXPIREAT', share, digits(expires_at))
redis.call('HSET', shares, id, json)
redis.call('PEXPIREAT', shares, digits(math.max(last, expires_at)))
remember(idempotency, idempotency_s, fingerprint, '0', '0')
return { 'made', json }
