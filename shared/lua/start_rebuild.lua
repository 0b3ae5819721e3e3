-- Begins to build every page of a site anew. The pages are queued a few at a time by the builders.
--
-- KEYS  1 site          hash, must exist
--       2 pages         sorted set of the site's pages
--       3 rebuilds      hash: counter `next`, and `<number>:<field>`
--       4 rebuilding    sorted set: rebuilds that still have pages to queue
--       5 idempotency   hash with a TTL
-- ARGV  1 site, 2 actor, 3 traceparent, 4 fingerprint, 5 idempotency_s
--       6 keep          how many rebuilds of a site are remembered
--
-- Answers {'no-site'} | {'mismatch'} | {'running', number}: one at a time | {'created' or 'replayed', number}.
-- One runs until its last page has ended: another one would supersede what it has queued, and called off then, it would
-- leave those pages to nobody.
--
-- Side effects: 1 the rebuild is described and listed; 2 the oldest goes; 3 the idempotency key is remembered.
local site_key, pages, rebuilds, rebuilding, idempotency = unpack(KEYS)
local site, actor, trace, fingerprint, idempotency_s, keep = unpack(ARGV)

if redis.call('EXISTS', site_key) == 0 then return { 'no-site' } end
local memory, _, number = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', number } end

local last = redis.call('HGET', rebuilds, 'next')
if last and not is_over(rebuilds, last) then return { 'running', last } end

local next = redis.call('HINCRBY', rebuilds, 'next', 1)
number = digits(next)
local total = redis.call('ZCARD', pages)
redis.call('HSET', rebuilds, number .. ':state', 'running', number .. ':total', total, number .. ':by', actor,
  number .. ':trace', trace, number .. ':created_at', digits(now_ms()))
redis.call('ZADD', rebuilding, 0, site .. '/' .. number)
forget_rebuild(rebuilds, next - tonumber(keep))
remember(idempotency, idempotency_s, fingerprint, '0', number)
return { 'created', number }
