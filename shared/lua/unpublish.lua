-- Takes a page off: a publication of its own, with a seq, so that builds still under way cannot bring it back.
--
-- KEYS  1 head, 2 publications, 3 published, 4 idempotency, 5 events
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--
-- Answers {'not-live'} | {'mismatch'} | {'accepted' or 'replayed', publication JSON}.
--
-- Side effects: 1 a publication takes the next seq and is live; 2 the published key keeps only its seq, as a
-- tombstone; 3 page-unpublished is appended; 4 the idempotency key is remembered.
local head, publications, published, idempotency, events = unpack(KEYS)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s = unpack(ARGV)

local memory, _, old_seq = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', publications, old_seq) or '' } end
if counter(head, 'live_version') == 0 then return { 'not-live' } end

local at = now_ms()
local record = new_record(head, 0, 'unpublish', trace)
redis.call('DEL', published)
redis.call('HSET', published, 'seq', record.seq, 'version', 0)
redis.call('HSET', head, 'live_seq', record.seq, 'live_version', 0)
step(record, 'live', at, actor)
local json = save_record(publications, record)
emit(events, keep_ms, trace, event_of('page-unpublished', site, page, record, at, actor))
remember(idempotency, idempotency_s, fingerprint, '0', digits(record.seq))
return { 'accepted', json }
