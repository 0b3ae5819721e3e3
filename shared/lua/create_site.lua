-- Creates a site.
--
-- KEYS  1 site, 2 sites   sorted set of the partition's sites
-- ARGV  1 slug, 2 title, 3 request  names this request, so that running twice is not a clash with itself
--
-- Answers {'created' or 'replayed', created_at} | {'exists'}.
--
-- Side effects: 1 the site's hash; 2 its slug is listed.
local site, sites = unpack(KEYS)
local slug, title, request = unpack(ARGV)

local known = redis.call('HMGET', site, 'request', 'created_at')
if known[1] == request then return { 'replayed', known[2] } end
if redis.call('EXISTS', site) == 1 then return { 'exists' } end

local at = digits(now_ms())
redis.call('HSET', site, 'title', title, 'created_at', at, 'request', request)
redis.call('ZADD', sites, 0, slug)
return { 'created', at }
