-- Makes a built page live. The fence stands here: a seq that is not above the live one changes nothing visitors
-- see. Safe to run twice. Entries of builds that went well are acknowledged here and nowhere else.
--
-- KEYS  1 head, 2 publications, 3 published, 4 artifacts, 5 lane, 6 events, 7 open, 8 rebuilds, 9 unserved
-- ARGV  1 site, 2 page, 3 seq, 4 entry, 5 group, 6 builder, 7 traceparent, 8 keep_ms
--       9 etag, 10 csp, 11 size, 12 build_ms, 13 body  compressed bytes, 14 artifacts_keep
--
-- Answers {'live'} | {'superseded'} | {'again'}: a rebuild passed since this build began, and left the page to it | {'ended'}: the
-- publication had already ended | {'unknown'}: no such record, nothing was done.
--
-- Side effects, live: 1 the published key and the artifact are written; 2 old artifacts go; 3 the record is live;
-- 4 page-built is appended, and the publication waits for the servers; 5 the entry is settled. Superseded: the record ends, the entry is settled.
-- Again: a new entry goes to the lane, this one is settled.
local head, publications, published, artifacts, lane, events, open, rebuilds, unserved = unpack(KEYS)
local site, page, seq, entry, group, builder, trace, keep_ms, etag, csp, size, build_ms, body, keep = unpack(ARGV)

local record, answer = open_record(publications, seq, lane, group, entry)
if not record then return answer end

local context = { site = site, page = page, actor = builder, trace = trace, keep_ms = keep_ms, head = head,
  publications = publications, published = published, events = events, open = open, rebuilds = rebuilds,
  unserved = unserved }
local at = now_ms()
local live = counter(head, 'live_seq')
if live >= record.seq then
  supersede(context, record, live, at)
  settle_entry(lane, group, entry)
  return { 'superseded' }
end

-- start.lua writes there who began since.
if record.again and record.again ~= builder then
  append(lane, (work_of(context, record, at)))
  settle_entry(lane, group, entry)
  return { 'again' }
end

local meta = { etag = etag, csp = csp, size = tonumber(size), built_at = at }
local version = digits(record.version)
redis.call('HSET', artifacts, version .. ':meta', cjson.encode(meta))
set_unless_same(artifacts, version, body)
meta.body = body
make_live(context, record, meta, at, tonumber(build_ms))

-- Two fields per artifact; the newest `keep` stay, and the live one, which may be older.
if redis.call('HLEN', artifacts) > 2 * (tonumber(keep) + 1) then
  local numbers = {}
  for _, field in ipairs(redis.call('HKEYS', artifacts)) do
    local number = tonumber(field)
    if number and number ~= record.version then numbers[#numbers + 1] = number end
  end
  table.sort(numbers, function(a, b) return a > b end)
  for i = tonumber(keep) + 1, #numbers do
    redis.call('HDEL', artifacts, digits(numbers[i]), digits(numbers[i]) .. ':meta')
  end
end

settle_entry(lane, group, entry)
return { 'live' }
