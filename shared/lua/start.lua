-- Begins one build: decides whether it is still wanted and hands out what it needs, in the same step.
--
-- Many publishes of one page in a row build the first at once and then only what is newest when the burst pauses:
-- the newest is put off for a moment, and by then it is either superseded or built. A steady flow is built every
-- LONGEST_MS all the same. An attempt that a crash or an outage interrupted is made again and counts once.
--
-- KEYS  1 site, 2 head, 3 versions, 4 publications, 5 lane, 6 events, 7 open, 8 rebuilds, 9 delayed
-- ARGV  1 site, 2 page, 3 seq, 4 entry  the stream entry's id, 5 group, 6 builder, 7 traceparent, 8 keep_ms
--
-- Answers {'build', attempt, version JSON, site title, its first hostname} | {'superseded'} | {'cancelled'} | {'delayed'}: part of a
-- burst | {'ended'}: already settled, by a run whose answer was lost, or called off | {'unknown'}: no such publication or
-- version, the entry is left for the caller to judge.
--
-- Side effects: build: 1 the record enters `building`; 2 build-started is appended.
--               superseded, cancelled: 1 the record ends; 2 the event is appended; 3 the entry is settled.
--               delayed: 1 the entry waits in the delayed set; 2 it is settled in its lane.
--               ended: the entry is settled.
local site_key, head, versions, publications, lane, events, open, rebuilds, delayed = unpack(KEYS)
local site, page, seq, entry, group, builder, trace, keep_ms = unpack(ARGV)

local QUIET_MS, BURST_MS, LONGEST_MS = 150, 500, 5000

local record, answer = open_record(publications, seq, lane, group, entry)
if not record and redis.call('HEXISTS', head, 'moved') == 1 then
  -- A page moves once all of its publications have ended; one that was called off may leave its entry behind.
  settle_entry(lane, group, entry)
  return { 'ended' }
end
if not record then return answer end

local context = { site = site, page = page, actor = builder, trace = trace, keep_ms = keep_ms,
  publications = publications, events = events, open = open, rebuilds = rebuilds }
local at = now_ms()
local live, wanted = counter(head, 'live_seq'), counter(head, 'wanted_seq')

-- A page published faster than its entries come up would be superseded for ever. Once nothing of it was built for
-- LONGEST_MS although there was something to build, one is, though a newer one is wanted; the commit keeps the order.
local function is_starving()
  local since = at - counter(head, 'skipped_at')
  if redis.call('HSETNX', head, 'skipped_at', digits(at)) == 1 then return false end
  if since < 0 then redis.call('HSET', head, 'skipped_at', digits(at)) end
  return since > LONGEST_MS
end

if live > record.seq or (wanted > record.seq and not is_starving()) then
  supersede(context, record, math.max(live, wanted), at)
  settle_entry(lane, group, entry)
  return { 'superseded' }
end

if record.rebuild and redis.call('HGET', rebuilds, digits(record.rebuild) .. ':state') == 'cancelled' then
  cancel(context, record, at)
  settle_entry(lane, group, entry)
  return { 'cancelled' }
end

-- How long to put off a first attempt: until QUIET_MS after it was accepted, where it is the third within BURST_MS.
-- The differences are checked for sense, because Redis's clock may have been set back in between.
local function burst_ms()
  local accepted = record.steps[1].at
  local age, since_build = at - accepted, at - counter(head, 'started_at')
  if record.attempts > 0 or age < 0 or age >= QUIET_MS or since_build < 0 or since_build > LONGEST_MS then return 0 end
  local earlier = load_record(publications, digits(record.seq - 2))
  return earlier and accepted - earlier.steps[1].at < BURST_MS and QUIET_MS - age or 0
end

local wait_ms = burst_ms()
if wait_ms > 0 then
  delay(delayed, at, wait_ms, lane, (work_of(context, record, at)))
  settle_entry(lane, group, entry)
  return { 'delayed' }
end

local version = redis.call('HGET', versions, digits(record.version))
if not version then return { 'unknown' } end

record.attempts = 1
for _, made in ipairs(record.steps) do
  if made.state == 'retrying' then record.attempts = record.attempts + 1 end
end
-- A rebuild passed since an earlier build of it began: from here on no other commit counts but this builder's.
if record.again then record.again = builder end
step(record, 'building', at, builder)
save_record(publications, record)
redis.call('HSET', head, 'started_at', digits(at))
redis.call('HDEL', head, 'skipped_at')
local event = event_of('build-started', site, page, record, at, builder)
event.attempt = record.attempts
emit(events, keep_ms, trace, event)
local about = redis.call('HMGET', site_key, 'title', 'hostname')
return { 'build', record.attempts, version, about[1] or '', about[2] or '' }
