-- Ends a publication that no retry can mend, and keeps its entry as a dead letter. What is live stays live.
--
-- KEYS  1 head, 2 publications, 3 lane, 4 dead, 5 events, 6 open, 7 rebuilds
-- ARGV  1 site, 2 page, 3 seq  '' where the entry could not be read, 4 entry, 5 group, 6 builder, 7 traceparent,
--       8 keep_ms, 9 code, 10 reason, 11 pointer, 12 detail  traceback, 13 type, 14 data  the entry's raw bytes
--       15 most          bound of the dead-letter stream
--
-- Answers {'failed'} | {'ended'}.
--
-- Side effects: 1 the record, if there is one, ends as failed; 2 build-failed is appended; 3 the dead letter is
-- kept; 4 the entry is settled.
local head, publications, lane, dead, events, open, rebuilds = unpack(KEYS)
local site, page, seq, entry, group, builder, trace, keep_ms, code, reason, pointer, detail, type, data, most = unpack(ARGV)

local record = seq ~= '' and load_record(publications, seq)
if record and TERMINAL[record.state] then
  settle_entry(lane, group, entry)
  return { 'ended' }
end
-- Without a record, only the entry tells whether an earlier run, whose answer was lost, has buried it already.
if not record and #redis.call('XRANGE', lane, entry, entry) == 0 then return { 'ended' } end

local at = now_ms()
local attempts = 0
if record then
  attempts = record.attempts
  record.failure = { code = code, reason = reason, pointer = pointer }
  local context = { site = site, page = page, actor = builder, publications = publications, open = open,
    rebuilds = rebuilds }
  close_record(context, record, 'failed', at)
  local event = event_of('build-failed', site, page, record, at, builder)
  event.code, event.reason, event.pointer = code, reason, pointer
  event.live_version = counter(head, 'live_version')
  emit(events, keep_ms, trace, event)
end
redis.call('XADD', dead, 'MAXLEN', '~', most, '*', 'lane', lane, 'entry', entry, 'type', type, 'data', data,
  'traceparent', trace, 'site', site, 'page', page, 'seq', seq, 'code', code, 'reason', reason, 'pointer', pointer,
  'detail', detail, 'builder', builder, 'attempts', digits(attempts))
settle_entry(lane, group, entry)
return { 'failed' }
