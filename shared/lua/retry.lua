-- Puts a failed build off: its entry moves to the delayed set, due later.
--
-- KEYS  1 publications, 2 lane, 3 delayed, 4 events
-- ARGV  1 site, 2 page, 3 seq, 4 entry, 5 group, 6 builder, 7 traceparent, 8 keep_ms
--       9 delay_ms, 10 attempts  how many are allowed, 11 code, 12 reason, 13 data  the entry's JSON
--
-- Answers {'retrying'} | {'ended'} | {'unknown'}.
--
-- Side effects: 1 the record is `retrying`; 2 the entry waits in the delayed set; 3 build-retrying is appended;
-- 4 the entry is settled in its lane.
local publications, lane, delayed, events = unpack(KEYS)
local site, page, seq, entry, group, builder, trace, keep_ms, delay_ms, attempts, code, reason, data = unpack(ARGV)

local record, answer = open_record(publications, seq, lane, group, entry)
if not record then return answer end

local at = now_ms()
local due = at + tonumber(delay_ms)
record.failure = { code = code, reason = reason }
step(record, 'retrying', at, builder)
save_record(publications, record)
delay(delayed, at, tonumber(delay_ms), lane, { type = 'config-published', data = data, traceparent = trace })
local event = event_of('build-retrying', site, page, record, at, builder)
event.attempt, event.attempts, event.next_at = record.attempts, tonumber(attempts), due
event.code, event.reason = code, reason
emit(events, keep_ms, trace, event)
settle_entry(lane, group, entry)
return { 'retrying' }
