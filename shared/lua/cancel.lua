-- Calls a publication off that waits for its build. What is live stays live.
--
-- Its entry is left where it waits, in the lane or in the delayed set: whoever takes it up finds that the record has
-- ended, and settles it (open_record). One that is being built is past calling off, for its commit may be on its way.
--
-- KEYS  1 head, 2 publications, 3 idempotency, 4 events, 5 open, 6 rebuilds
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--       8 seq
--
-- Answers {'unknown'}: no such publication | {'mismatch'} | {'too-late', publication JSON}: it is being built, or has ended
-- | {'accepted' or 'replayed', publication JSON}.
--
-- Side effects: 1 the record ends, and the rebuild it belongs to counts it; 2 build-cancelled is appended; 3 where it was
-- the wanted one, the newest before it that has not ended is, or else what is live; 4 the idempotency key is remembered.
local head, publications, idempotency, events, open, rebuilds = unpack(KEYS)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s, seq = unpack(ARGV)

local memory, _, old_seq = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', publications, old_seq) or '' } end

local record = load_record(publications, seq)
if not record then return { 'unknown' } end
if record.state ~= 'queued' and record.state ~= 'retrying' then
  return { 'too-late', redis.call('HGET', publications, seq) }
end

local context = { site = site, page = page, actor = actor, trace = trace, keep_ms = keep_ms,
  publications = publications, events = events, open = open, rebuilds = rebuilds }

-- Where an older one is too far back to be found, what is live counts as wanted, and that one is built all the same.
local function wanted_before()
  local live = counter(head, 'live_seq')
  return open_records(context, record.seq - 1, live)[1] or { seq = live, version = counter(head, 'live_version') }
end

cancel(context, record, now_ms())
if counter(head, 'wanted_seq') == record.seq then
  local wanted = wanted_before()
  redis.call('HSET', head, 'wanted_seq', digits(wanted.seq), 'wanted_version', digits(wanted.version))
end
remember(idempotency, idempotency_s, fingerprint, digits(record.version), digits(record.seq))
return { 'accepted', redis.call('HGET', publications, seq) }
