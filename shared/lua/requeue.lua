-- Queues a publication again whose entry is gone, unless it has ended or is no longer wanted.
--
-- KEYS  1 head, 2 publications, 3 events, 4 open, 5 rebuilds
--       6 lane, 7 waiting, 8 turns
-- ARGV  1 site, 2 page, 3 seq, 4 actor, 5 keep_ms, 6 group
--
-- Answers {'requeued'} | {'superseded'} | {'ended'}: it had ended, or there is no such record.
--
-- Side effects, requeued: a new entry. Superseded: the record ends, build-superseded is appended. Ended: it is no
-- longer listed as open.
local head, publications, events, open, rebuilds, lane, waiting, turns = unpack(KEYS)
local site, page, seq, actor, keep_ms, group = unpack(ARGV)

local record = load_record(publications, seq)
if not record or TERMINAL[record.state] then
  redis.call('ZREM', open, site .. '/' .. page .. '/' .. seq)
  return { 'ended' }
end

local at = now_ms()
local context = { site = site, page = page, actor = actor, trace = trace_of(record), keep_ms = keep_ms,
  publications = publications, events = events, open = open, rebuilds = rebuilds }
local overtaken_by = math.max(counter(head, 'wanted_seq'), counter(head, 'live_seq'))
if overtaken_by > record.seq then
  supersede(context, record, overtaken_by, at)
  return { 'superseded' }
end
admit({ stream = lane, waiting = waiting, turns = turns, group = group }, site, (work_of(context, record, at)))
return { 'requeued' }
