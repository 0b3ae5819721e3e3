-- Does what a schedule asks for, once it is due by Redis's clock: at most once, whoever asks and however often.
--
-- KEYS  1 head, 2 versions, 3 publications, 4 published, 5 artifacts, 6 events, 7 open, 8 lane, 9 waiting, 10 turns,
--       11 unserved, 12 schedules, 13 scheduled
-- ARGV  1 site, 2 page, 3 id, 4 name   its member of the due set
--       5 keep_ms, 6 group
--
-- Answers {'gone'}: it was fired, cancelled, or moved with its page meanwhile | {'early'}: the clock was set back since
-- it was found due | {'lost'}: there is no record of it | {'done', late_ms, seq} | {'failed', late_ms, reason}.
--
-- Side effects, done: 1 a publication takes the next seq and goes the way of republish.lua or unpublish.lua, in the name
-- of whoever made the schedule; 2 the schedule leaves the due set, and its record says when it fired and what that made;
-- 3 schedule-fired is appended. Failed: the same without a publication, with schedule-failed. Lost: it leaves the due set.
local head, versions, publications, published, artifacts, events, open, lane, waiting, turns, unserved, schedules,
  scheduled = unpack(KEYS)
local site, page, id, name, keep_ms, group = unpack(ARGV)

local due, at = tonumber(redis.call('ZSCORE', scheduled, name) or nil), now_ms()
if not due then return { 'gone' } end
if due > at then return { 'early' } end

local is_json, record = pcall(function() return cjson.decode(redis.call('HGET', schedules, id)) end)
if not is_json or type(record) ~= 'table' or record.state ~= 'scheduled' then
  redis.call('ZREM', scheduled, name)
  return { 'lost' }
end

local function is_of(key, kind)
  local found = redis.call('TYPE', key).ok
  return found == 'none' or found == kind
end

-- Nothing rolls back, so what could fail half-way is looked at first.
local function find_obstacle()
  for i, kind in ipairs({ 'hash', 'hash', 'hash', 'hash', 'hash', 'stream', 'zset', 'stream', 'zset', 'hash', 'list' }) do
    if not is_of(KEYS[i], kind) then return 'damaged-record', 'What is stored of the page is damaged.' end
  end
  if record.action == 'unpublish' then
    if counter(head, 'live_version') == 0 then return 'not-live', 'Nothing of the page was live.' end
  elseif redis.call('HEXISTS', versions, digits(record.version)) == 0 then
    return 'no-version', 'There is no v' .. digits(record.version) .. ' any more.'
  end
end

local context = { site = site, page = page, actor = record.by, trace = trace_of(record), keep_ms = keep_ms, head = head,
  publications = publications, published = published, artifacts = artifacts, events = events, open = open,
  unserved = unserved, lane = { stream = lane, waiting = waiting, turns = turns, group = group } }

local function make_publication()
  if record.action == 'publish' then
    local _, made = publish_again(context, digits(record.version), at, record.id)
    return made.seq
  end
  local made = new_record(head, 0, 'schedule', context.trace)
  made.schedule = record.id
  make_gone(context, made, at)
  return made.seq
end

local code, reason = find_obstacle()
record.fired_at, record.late_ms = at, at - due
if code then
  record.state, record.failure = 'failed', { code = code, reason = reason }
else
  record.state, record.publication_seq = 'done', make_publication()
end
redis.call('HSET', schedules, id, cjson.encode(record))
redis.call('ZREM', scheduled, name)
if code then
  emit_schedule(events, keep_ms, 'schedule-failed', site, record, at, record.by,
    { code = code, reason = reason, late_ms = record.late_ms })
  return { 'failed', record.late_ms, reason }
end
emit_schedule(events, keep_ms, 'schedule-fired', site, record, at, record.by,
  { seq = record.publication_seq, late_ms = record.late_ms })
return { 'done', record.late_ms, record.publication_seq }
