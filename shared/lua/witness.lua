-- Writes back a page that a server still holds and Redis no longer knows: Redis was emptied, restored from an older
-- file, or lost its last writes. A witness only lifts: counters rise, a page gives way only to one with a higher seq.
-- Safe to run twice, and by many servers at once.
--
-- KEYS  1 site, 2 sites, 3 pages, 4 head, 5 publications, 6 published, 7 artifacts, 8 events, 9 open, 10 rebuilds,
--       11 unserved, 12 versions
-- ARGV  1 site, 2 page, 3 traceparent, 4 keep_ms
--       5 followed_ms   Redis's time up to which the server had followed: what was accepted later is newer than its page
--       6 seq, 7 version  of the held page; version 0 stands for a page taken off
--       8 top_seq, 9 top_version  the highest the server knows to have been given out
--       10 etag, 11 csp, 12 size, 13 built_at, 14 body  compressed bytes
--       15 moved        slug under which the page is now, '' where it is here
--
-- Answers {'known'}: nothing was missing | {'damaged'}: a key is not what it should be, nothing was done
-- | {'counted'}: the counters rose | {'live', seq}: the page is live again, under its seq or, where that was given out
-- anew meanwhile, under the next | {'newer', seq}: what Redis has live was accepted after it went back, and stays, under
-- a seq above all.
--
-- Side effects, but for known and damaged: 1 the counters of the head; 2 the site, unless there is one, and both names
-- in the lists. Live and newer: 3 the published key and the head's live and wanted; 4 the record of that publication,
-- whose last step is live by 'restored'; 5 page-built or page-unpublished is appended, and the publication waits for
-- the servers. Live: 6 the artifact, unless that version has one.
local site_key, sites, pages, head, publications, published, artifacts, events, open, rebuilds,
  unserved, versions = unpack(KEYS)
local site, page, trace, keep_ms, followed_ms, seq, version, top_seq, top_version, etag, csp, size, built_at, body, moved =
  unpack(ARGV)

for i, kind in ipairs({ 'hash', 'zset', 'zset', 'hash', 'hash', 'hash', 'hash', 'stream', 'zset', 'hash', 'list',
  'hash' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= kind then return { 'damaged' } end
end

local held = { seq = tonumber(seq), version = tonumber(version), built_at = tonumber(built_at) }
local top = { seq = math.max(held.seq, tonumber(top_seq)), version = math.max(held.version, tonumber(top_version)) }
local given = { seq = counter(head, 'seq'), version = counter(head, 'version') }
local live_seq = counter(head, 'live_seq')
local is_lost = live_seq < held.seq or (live_seq == held.seq and counter(published, 'seq') < held.seq)
if not is_lost and given.seq >= top.seq and given.version >= top.version then return { 'known' } end

local at, answer = now_ms(), { 'counted' }
local current = is_lost and load_record(publications, digits(live_seq))
local record = is_lost and load_record(publications, digits(held.seq))

-- Accepted after Redis went back, so it is what people want now; what another witness wrote back is not.
local function is_newer(live)
  local accepted, is_there = live.steps[1], counter(published, 'seq') == live_seq
  return is_there and accepted.by ~= 'restored' and accepted.at > math.max(tonumber(followed_ms), held.built_at)
end

-- Queued before the held page was built, so it is that page's own; otherwise its seq was given out anew.
local function is_own(other)
  return not TERMINAL[other.state] and other.version == held.version and other.steps[1].at <= held.built_at
end

local function record_of(its_seq, its_version, steps)
  return { seq = its_seq, version = its_version, cause = its_version == 0 and 'unpublish' or 'publish',
    trace = string.sub(trace, 4, 35), steps = steps, attempts = 0 }
end

local function take_seq()
  top.seq = math.max(top.seq, given.seq) + 1
  return top.seq
end

if is_lost then
  local built = { etag = etag, csp = csp, size = tonumber(size), built_at = held.built_at }
  if current and is_newer(current) then
    local shown = redis.call('HMGET', published, 'etag', 'csp', 'size', 'built_at', 'body')
    built = { etag = shown[1] or '', csp = shown[2] or '', size = shown[3] or 0, built_at = tonumber(shown[4] or 0),
      body = shown[5] or '' }
    record, answer = record_of(take_seq(), current.version, { current.steps[1] }), { 'newer' }
  else
    if not record or not is_own(record) then
      record = record_of(record and take_seq() or held.seq, held.version, {})
    end
    if held.version > 0 and redis.call('HEXISTS', artifacts, version) == 0 then
      redis.call('HSET', artifacts, version, body, version .. ':meta', cjson.encode(built))
    end
    built.body = body
    answer = { 'live' }
  end
  local context = { site = site, page = page, actor = 'restored', trace = trace, keep_ms = keep_ms, head = head,
    publications = publications, published = published, events = events, open = open,
    rebuilds = rebuilds, unserved = unserved }
  if record.version == 0 then make_gone(context, record, at) else make_live(context, record, built, at, 0) end
  if record.version == 0 and moved ~= '' then redis.call('HSET', published, 'moved', moved) end
  if counter(head, 'wanted_seq') < record.seq then
    redis.call('HSET', head, 'wanted_seq', digits(record.seq), 'wanted_version', digits(record.version))
  end
  answer[2] = record.seq
end

if given.seq < top.seq then redis.call('HSET', head, 'seq', digits(top.seq)) end
if given.version < top.version then redis.call('HSET', head, 'version', digits(top.version)) end
if redis.call('EXISTS', site_key) == 0 then redis.call('HSET', site_key, 'title', site, 'created_at', digits(at)) end
redis.call('ZADD', sites, 0, site)
-- Versions from before a page was moved can be had under the old slug only, so there it stays a page to editors.
if moved ~= '' and redis.call('EXISTS', versions) == 0 then
  redis.call('HSET', head, 'moved', moved)
else
  redis.call('ZADD', pages, 0, page)
end
return answer
