-- Calls a schedule off, unless it has fired: whichever of the two scripts comes first decides.
--
-- KEYS  1 schedules, 2 scheduled, 3 idempotency, 4 events
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--       8 id            the schedule's number
--
-- Answers {'unknown'}: there is none of this number on this page | {'mismatch'} | {'over', JSON}: it has ended
-- | {'cancelled' or 'replayed', JSON or ''}.
--
-- Side effects: 1 the record is cancelled; 2 the due set no longer has it; 3 schedule-cancelled is appended; 4 the
-- idempotency key is remembered.
local schedules, scheduled, idempotency, events = unpack(KEYS)
local site, page, actor, _, keep_ms, fingerprint, idempotency_s, id = unpack(ARGV)

local memory, _, old_id = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', schedules, old_id) or '' } end

local json = redis.call('HGET', schedules, id)
local record = json and cjson.decode(json)
if not record or record.page ~= page then return { 'unknown' } end
if record.state ~= 'scheduled' then return { 'over', json } end

local at = now_ms()
record.state, record.cancelled_by, record.cancelled_at = 'cancelled', actor, at
json = cjson.encode(record)
redis.call('HSET', schedules, id, json)
redis.call('ZREM', scheduled, due_name(site, record))
emit_schedule(events, keep_ms, 'schedule-cancelled', site, record, at, actor)
remember(idempotency, idempotency_s, fingerprint, digits(record.version), id)
return { 'cancelled', json }
