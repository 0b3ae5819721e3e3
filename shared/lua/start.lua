-- Begins one build: decides whether it is still wanted and hands out what it needs, in the same step.
--
-- KEYS  1 site, 2 head, 3 versions, 4 publications, 5 lane, 6 events
-- ARGV  1 site, 2 page, 3 seq, 4 entry  the stream entry's id, 5 group, 6 builder, 7 traceparent, 8 keep_ms
--
-- Answers {'build', attempt, version JSON, site title} | {'superseded'} | {'ended'}: already settled, by a run
-- whose answer was lost | {'unknown'}: no such publication or version, the entry is left for the caller to judge.
--
-- Side effects: build: 1 the record enters `building`; 2 build-started is appended.
--               superseded: 1 the record ends; 2 build-superseded is appended; 3 the entry is settled.
--               ended: the entry is settled.
local site_key, head, versions, publications, lane, events = unpack(KEYS)
local site, page, seq, entry, group, builder, trace, keep_ms = unpack(ARGV)

local record, answer = open_record(publications, seq, lane, group, entry)
if not record then return answer end

local context = { site = site, page = page, actor = builder, trace = trace, keep_ms = keep_ms,
  publications = publications, events = events }
local at = now_ms()
local wanted = counter(head, 'wanted_seq')
if wanted > record.seq then
  supersede(context, record, wanted, at)
  settle_entry(lane, group, entry)
  return { 'superseded' }
end

local version = redis.call('HGET', versions, digits(record.version))
if not version then return { 'unknown' } end

record.attempts = (record.attempts or 0) + 1
step(record, 'building', at, builder)
save_record(publications, record)
local event = event_of('build-started', site, page, record, at, builder)
event.attempt = record.attempts
emit(events, keep_ms, trace, event)
return { 'build', record.attempts, version, redis.call('HGET', site_key, 'title') or '' }
