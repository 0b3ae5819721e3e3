-- Saves a version and, if asked, publishes it: both or neither, once per idempotency key.
--
-- KEYS  1 site          hash, must exist
--       2 pages         sorted set of the site's pages
--       3 head          hash: counters
--       4 versions      hash: number -> JSON
--       5 publications  hash: seq -> JSON
--       6 idempotency   hash with a TTL
--       7 events        stream
--       8 open          sorted set of publications that have not ended
--       9 lane, 10 waiting, 11 turns   where the build waits
-- ARGV  1 site, 2 page  slugs
--       3 actor         name of who asks
--       4 traceparent
--       5 keep_ms       age at which events are trimmed
--       6 fingerprint   digest of the request
--       7 idempotency_s how long the key is remembered
--       8 version       JSON of the version without number and created_at, from its second field on
--       9 publish       "1" or "0"
--       10 group
--       11 title        of the page, 12 folded  the same case-folded, '' where lower case is the same: for lists
--
-- Answers {'no-site'} | {'mismatch'} | {'created' or 'replayed', version JSON, publication JSON or ''}.
--
-- Side effects: 1 the version is stored, and the head has its title and time; 2 the page is listed in its site, and is one
-- of its own where another was moved away; 3 a publication takes the next seq; 4 its event goes to the lane and to the
-- events; 5 the idempotency key is remembered.
local site_key, pages, head, versions, publications, idempotency, events, open, lane, waiting, turns = unpack(KEYS)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s, version_tail, publish, group, title, folded =
  unpack(ARGV)

if redis.call('EXISTS', site_key) == 0 then return { 'no-site' } end

local memory, old_version, old_seq = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then
  return { 'replayed', redis.call('HGET', versions, old_version) or '',
    redis.call('HGET', publications, old_seq) or '' }
end

local at = now_ms()
local number = redis.call('HINCRBY', head, 'version', 1)
local version = '{"number":' .. digits(number) .. ',"created_at":' .. digits(at) .. ',' .. version_tail
redis.call('HSET', versions, digits(number), version)
redis.call('ZADD', pages, 0, page)
redis.call('HDEL', head, 'moved', 'folded')
redis.call('HSET', head, 'title', title, 'saved_at', digits(at))
if folded ~= '' then redis.call('HSET', head, 'folded', folded) end

local publication, seq = '', 0
if publish == '1' then
  local record = new_record(head, number, 'publish', trace)
  local context = { site = site, page = page, actor = actor, trace = trace, keep_ms = keep_ms,
    publications = publications, events = events, open = open,
    lane = { stream = lane, waiting = waiting, turns = turns, group = group } }
  publication, seq = enqueue(context, record, at), record.seq
end

remember(idempotency, idempotency_s, fingerprint, digits(number), digits(seq))
return { 'created', version, publication }
