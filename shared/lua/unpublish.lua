-- Takes a page off: a publication of its own, with a seq, so that builds still under way cannot bring it back.
--
-- KEYS  1 head, 2 publications, 3 published, 4 idempotency, 5 events, 6 open, 7 unserved
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--
-- Answers {'not-live'} | {'mismatch'} | {'accepted' or 'replayed', publication JSON}.
--
-- Side effects: 1 a publication takes the next seq and is live; 2 the published key keeps only its seq, as a
-- tombstone; 3 page-unpublished is appended, and the publication waits for the servers; 4 the idempotency key is remembered.
local head, publications, published, idempotency, events, open, unserved = unpack(KEYS)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s = unpack(ARGV)

local memory, _, old_seq = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', publications, old_seq) or '' } end
if counter(head, 'live_version') == 0 then return { 'not-live' } end

local at = now_ms()
local record = new_record(head, 0, 'unpublish', trace)
local context = { site = site, page = page, actor = actor, trace = trace, keep_ms = keep_ms, head = head,
  publications = publications, published = published, events = events, open = open, unserved = unserved }
local json = make_gone(context, record, at)
remember(idempotency, idempotency_s, fingerprint, '0', digits(record.seq))
return { 'accepted', json }
