-- Publishes a version that exists. Where its artifact is kept it is live at once, without a build: that is what
-- makes going back instant, and possible while every builder is down. Otherwise it queues like any other, and so
-- does the version that is live already: publishing that again is a refresh, and asks for a new build.
--
-- KEYS  1 head, 2 versions, 3 publications, 4 published, 5 artifacts, 6 idempotency, 7 events, 8 open
--       9 lane, 10 waiting, 11 turns, 12 unserved
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--       8 version       number of the version
--       9 group
--
-- Answers {'no-page'} | {'no-version'} | {'mismatch'} | {'accepted' or 'replayed', publication JSON}.
--
-- Side effects: 1 a publication takes the next seq; 2 it is live and waits for the servers, or its event goes to the lane;
-- 3 the idempotency key is remembered.
local head, versions, publications, published, artifacts, idempotency, events, open, lane, waiting, turns,
  unserved = unpack(KEYS)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s, version, group = unpack(ARGV)

local memory, _, old_seq = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', publications, old_seq) or '' } end

if redis.call('EXISTS', versions) == 0 then return { 'no-page' } end
if redis.call('HEXISTS', versions, version) == 0 then return { 'no-version' } end

local context = { site = site, page = page, actor = actor, trace = trace, keep_ms = keep_ms, head = head,
  publications = publications, published = published, artifacts = artifacts, events = events, open = open,
  unserved = unserved, lane = { stream = lane, waiting = waiting, turns = turns, group = group } }
local json, record = publish_again(context, version, now_ms())
remember(idempotency, idempotency_s, fingerprint, version, digits(record.seq))
return { 'accepted', json }
