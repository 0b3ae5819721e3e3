-- Ends a publication that no retry can mend, and keeps its entry as a dead letter. What is live stays live.
--
-- KEYS  1 head, 2 publications, 3 lane, 4 dead, 5 events, 6 open, 7 rebuilds
-- ARGV  1 site, 2 page, 3 seq, 4 entry, 5 group, 6 builder, 7 traceparent, 8 keep_ms
--       9 code, 10 reason, 11 pointer, 12 detail  traceback, 13 type, 14 data  the entry's raw bytes
--       15 most          bound of the dead-letter stream
--
-- Answers {'failed'} | {'ended'} | {'buried'}: there is no such record.
--
-- Side effects: 1 the record, if there is one, ends as failed; 2 build-failed is appended; 3 the dead letter is
-- kept; 4 the entry is settled.
local head, publications, lane, dead, events, open, rebuilds = unpack(KEYS)
local site, page, seq, entry, group, builder, trace, keep_ms, code, reason, pointer, detail, type, data, most = unpack(ARGV)

local letter = { lane = lane, entry = entry, group = group, builder = builder, traceparent = trace, code = code,
  reason = reason, pointer = pointer, detail = detail, type = type, data = data, site = site, page = page, seq = seq }
local record, answer = open_record(publications, seq, lane, group, entry)
if not record then
  if answer[1] == 'unknown' then return bury(dead, most, letter) end
  return answer
end

letter.attempts = digits(record.attempts)
record.failure = { code = code, reason = reason, pointer = pointer }
local context = { site = site, page = page, actor = builder, publications = publications, open = open,
  rebuilds = rebuilds }
local at = now_ms()
close_record(context, record, 'failed', at)
local event = event_of('build-failed', site, page, record, at, builder)
event.code, event.reason, event.pointer = code, reason, pointer
event.live_version = counter(head, 'live_version')
emit(events, keep_ms, trace, event)
bury(dead, most, letter)
return { 'failed' }
