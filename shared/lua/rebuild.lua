-- Queues one page of a rebuild in the bulk lane: what is live is built anew. Once per page and rebuild.
--
-- A page with a publication under way is passed over. It is being built anyway, and a rebuild must not supersede what
-- somebody asked for. Where its build has begun, that may have been on what is to be replaced, so its commit has it built
-- once more.
--
-- KEYS  1 head, 2 publications, 3 rebuilds, 4 events, 5 open
--       6 lane, 7 waiting, 8 turns
-- ARGV  1 site, 2 page, 3 number  of the rebuild, 4 actor, 5 traceparent, 6 keep_ms, 7 group
--
-- Answers {'queued'} | {'skipped'} | {'known'}: it passed here before | {'over'}: the rebuild is not running.
--
-- Side effects, queued: a publication takes the next seq and is queued. Skipped: a wanted record that is `building` says
-- `again`. Both: the rebuild counts the page.
local head, publications, rebuilds, events, open, lane, waiting, turns = unpack(KEYS)
local site, page, number, actor, trace, keep_ms, group = unpack(ARGV)

if redis.call('HGET', rebuilds, number .. ':state') ~= 'running' then return { 'over' } end
if counter(head, 'rebuild') >= tonumber(number) then return { 'known' } end
redis.call('HSET', head, 'rebuild', number)

local context = { site = site, page = page, actor = actor, trace = trace, keep_ms = keep_ms, publications = publications,
  events = events, open = open, lane = { stream = lane, waiting = waiting, turns = turns, group = group } }
local version, somebody_waits = counter(head, 'live_version'), false
for _, record in ipairs(open_records(context, counter(head, 'seq'), counter(head, 'live_seq'))) do
  -- A refresh that is still open belongs to a rebuild that was called off.
  if not record.rebuild then
    somebody_waits = true
    -- One that is no longer the wanted one would be superseded at the beginning of another build.
    if record.state == 'building' and record.seq == counter(head, 'wanted_seq') then
      record.again = true
      save_record(publications, record)
    end
  end
end
if version == 0 or somebody_waits then
  redis.call('HINCRBY', rebuilds, number .. ':skipped', 1)
  return { 'skipped' }
end

local record = new_record(head, version, 'refresh', trace)
record.rebuild = tonumber(number)
redis.call('HINCRBY', rebuilds, number .. ':queued', 1)
enqueue(context, record, now_ms())
return { 'queued' }
