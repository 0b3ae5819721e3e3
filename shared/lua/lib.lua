-- What the scripts have in common. The loader puts this text before each of them.
--
-- Conventions: KEYS and ARGV are named in each script's legend. Times are milliseconds by Redis's own clock, so
-- the steps of one publication share one clock. A record is the JSON of shared/records.py's Publication.
-- Nothing in Redis rolls back, so a script reads and checks first and writes after.

local ENDS = { 'live', 'failed', 'superseded', 'cancelled' }
local TERMINAL = {}
for _, state in ipairs(ENDS) do TERMINAL[state] = true end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function digits(number)
  return string.format('%.0f', number)
end

local function counter(key, field)
  return tonumber(redis.call('HGET', key, field) or '0')
end

-- The newest event at a time or before it; nil where there is none. What stands before the first entry Redis would look
-- for through all of them, so that one is looked at before.
local function newest_until(stream, at)
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if not first or tonumber(string.match(first[1], '^%d+')) > at then return nil end
  return redis.call('XREVRANGE', stream, digits(at), '-', 'COUNT', 1)[1][1]
end

-- Appends an event; the stream keeps `keep_ms` of history, and the newest event before it: where nothing happened for
-- that long, whoever has applied that one goes on from there.
local function emit(stream, keep_ms, trace, event)
  local oldest = math.max(0, event.at - tonumber(keep_ms))
  return redis.call('XADD', stream, 'MINID', '~', newest_until(stream, oldest) or digits(oldest), '*',
    'type', event.type, 'data', cjson.encode(event), 'traceparent', trace)
end

local function event_of(type, site, page, record, at, by)
  return { type = type, site = site, page = page, seq = record.seq, version = record.version,
    state = record.state, at = at, by = by, cause = record.cause }
end

local function step(record, state, at, by)
  record.state = state
  record.steps[#record.steps + 1] = { state = state, at = at, by = by }
end

local function load_record(publications, seq)
  local json = redis.call('HGET', publications, seq)
  return json and cjson.decode(json)
end

local function save_record(publications, record)
  local json = cjson.encode(record)
  redis.call('HSET', publications, digits(record.seq), json)
  return json
end

-- The record keeps the trace id; the span that asked has long ended, so the id stands for it, too.
local function trace_of(record)
  return '00-' .. record.trace .. '-' .. string.sub(record.trace, 1, 16) .. '-01'
end

-- The end of an entry's way: acknowledged and deleted together, since XACK alone lets the stream grow for ever.
local function settle_entry(stream, group, entry)
  redis.call('XACK', stream, group, entry)
  redis.call('XDEL', stream, entry)
end

-- Keeps an entry as a dead letter and settles it, once: where the entry is gone, an earlier run did that.
local function bury(dead, most, letter)
  if #redis.call('XRANGE', letter.lane, letter.entry, letter.entry) == 0 then
    settle_entry(letter.lane, letter.group, letter.entry)
    return { 'ended' }
  end
  local fields = {}
  for _, name in ipairs({ 'lane', 'entry', 'type', 'data', 'traceparent', 'site', 'page', 'seq', 'code', 'reason', 'pointer',
    'detail', 'builder', 'attempts' }) do
    fields[#fields + 1] = name
    fields[#fields + 1] = letter[name] or ''
  end
  redis.call('XADD', dead, 'MAXLEN', '~', most, '*', unpack(fields))
  settle_entry(letter.lane, letter.group, letter.entry)
  return { 'buried' }
end

-- The record an entry is about, if there is still something to do for it; otherwise nil and the script's answer.
-- A publication that has ended already was settled by a run whose answer got lost, so its entry is settled too.
local function open_record(publications, seq, stream, group, entry)
  local record = load_record(publications, seq)
  if not record then return nil, { 'unknown' } end
  if TERMINAL[record.state] then
    settle_entry(stream, group, entry)
    return nil, { 'ended' }
  end
  return record
end

-- Takes the next seq for a version and makes it the wanted one.
local function new_record(head, version, cause, traceparent)
  local seq = redis.call('HINCRBY', head, 'seq', 1)
  redis.call('HSET', head, 'wanted_seq', seq, 'wanted_version', version)
  return { seq = seq, version = version, cause = cause, trace = string.sub(traceparent, 4, 35), steps = {}, attempts = 0 }
end

local function append(stream, entry)
  local fields = { 'type', entry.type, 'data', entry.data, 'traceparent', entry.traceparent }
  if entry.since then
    fields[7], fields[8] = 'since', entry.since
  end
  redis.call('XADD', stream, '*', unpack(fields))
end

-- A lane is a short stream with a waiting room in front of it, so that no site waits behind another site's thousand
-- pages. The stream takes LANE_ROOM entries that no builder has yet; what comes after that waits in a sorted set by
-- turn. A site's first entry gets the turn that is being served, each further one the turn after its last, so sites
-- that wait are served in rotation however much each of them has (start-time fair queueing with equal weights).

local LANE_ROOM = 64

local function room_of(lane)
  -- Without a group nothing has been delivered yet.
  local pending = redis.pcall('XPENDING', lane.stream, lane.group)
  local held = pending.err and 0 or pending[1]
  return LANE_ROOM - (redis.call('XLEN', lane.stream) - held)
end

-- Hands an entry to its lane: to the stream where there is room, otherwise to the waiting room.
local function admit(lane, site, entry)
  local first = redis.call('ZRANGE', lane.waiting, 0, 0, 'WITHSCORES')
  if not first[1] and room_of(lane) > 0 then return append(lane.stream, entry) end
  local last = redis.call('HGET', lane.turns, site)
  local turn = math.max(tonumber(first[2] or '0'), last and tonumber(last) + 1 or 0)
  redis.call('HSET', lane.turns, site, digits(turn))
  redis.call('ZADD', lane.waiting, digits(turn), cjson.encode(entry))
end

-- Lets in from the waiting room what the stream has room for.
local function let_in(lane)
  if redis.call('EXISTS', lane.waiting) == 0 then return end
  local room = room_of(lane)
  if room <= 0 then return end
  local entries = redis.call('ZPOPMIN', lane.waiting, room)
  for i = 1, #entries, 2 do
    append(lane.stream, cjson.decode(entries[i]))
  end
  if redis.call('EXISTS', lane.waiting) == 0 then redis.call('DEL', lane.turns) end
end

-- Puts an entry off; it comes back to its lane when it is due. It says when that was, so that it is seen whether
-- Redis's clock was set back since.
local function delay(delayed, at, wait_ms, stream, entry)
  entry.lane, entry.put_off_at = stream, digits(at)
  redis.call('ZADD', delayed, digits(at + wait_ms), cjson.encode(entry))
end

-- The work that a record asks for, as an entry.
local function work_of(c, record, at)
  local event = event_of('config-published', c.site, c.page, record, at, c.actor)
  event.state, event.rebuild = 'queued', record.rebuild
  return { type = event.type, data = cjson.encode(event), traceparent = c.trace }, event
end

local function open_name(c, record)
  return c.site .. '/' .. c.page .. '/' .. digits(record.seq)
end

-- What a page has above the live publication that has not ended, newest first. Many more in a row that ended otherwise
-- are not worth holding Redis up: no more than LOOK_BACK numbers are looked at.

local LOOK_BACK = 1000

local function open_records(c, newest, live)
  local found = {}
  for seq = newest, math.max(live + 1, newest - LOOK_BACK + 1), -1 do
    if redis.call('ZSCORE', c.open, open_name(c, { seq = seq })) then
      local record = load_record(c.publications, digits(seq))
      if record and not TERMINAL[record.state] then found[#found + 1] = record end
    end
  end
  return found
end

-- Queues a record: the event goes to the lane as work and to the events stream as news. It is listed as open until
-- it ends, so that one whose entry got lost is found.
local function enqueue(c, record, at)
  step(record, 'queued', at, c.actor)
  local json = save_record(c.publications, record)
  local entry, event = work_of(c, record, at)
  redis.call('ZADD', c.open, digits(at), open_name(c, record))
  admit(c.lane, c.site, entry)
  emit(c.events, c.keep_ms, c.trace, event)
  return json
end

-- The end of a record, yet to be saved: it is no longer open, and the rebuild it belongs to counts it.
local function end_record(c, record, state, at)
  step(record, state, at, c.actor)
  redis.call('ZREM', c.open, open_name(c, record))
  if record.rebuild then redis.call('HINCRBY', c.rebuilds, digits(record.rebuild) .. ':' .. state, 1) end
end

local function close_record(c, record, state, at)
  end_record(c, record, state, at)
  return save_record(c.publications, record)
end

-- Saves a record that is live by the event at `position`. It waits in a list until every server has applied that event
-- (applied.lua). Where no server ever reports, the oldest leave the list untold.

local UNSERVED_MOST = 10000

local function await_servers(c, record, position)
  record.position = position
  redis.call('RPUSH', c.unserved, cjson.encode({ position = position, publications = c.publications, site = c.site,
    page = c.page, seq = record.seq }))
  redis.call('LTRIM', c.unserved, -UNSERVED_MOST, -1)
  return save_record(c.publications, record)
end

-- Writes bytes that are long, unless they are there: what is read costs far less than what is appended to disk.
local function set_unless_same(key, field, bytes)
  if redis.call('HGET', key, field) ~= bytes then redis.call('HSET', key, field, bytes) end
end

-- Makes a record live. `built` has etag, csp, size, built_at and body (the compressed bytes).
local function make_live(c, record, built, at, build_ms)
  local before = redis.call('HGET', c.published, 'etag')
  redis.call('HSET', c.published, 'seq', record.seq, 'version', record.version, 'etag', built.etag,
    'csp', built.csp, 'size', built.size, 'built_at', digits(built.built_at))
  -- A page of its own takes the place of a marker that a moved one left.
  redis.call('HDEL', c.published, 'moved')
  set_unless_same(c.published, 'body', built.body)
  redis.call('HSET', c.head, 'live_seq', record.seq, 'live_version', record.version)
  record.failure = nil
  end_record(c, record, 'live', at)
  local event = event_of('page-built', c.site, c.page, record, at, c.actor)
  event.etag, event.size, event.build_ms = built.etag, tonumber(built.size), build_ms
  event.accepted_at, event.unchanged = record.steps[1].at, before == built.etag
  return await_servers(c, record, emit(c.events, c.keep_ms, c.trace, event))
end

-- Takes a page off. The published key keeps only its seq, as a tombstone.
local function make_gone(c, record, at)
  redis.call('DEL', c.published)
  redis.call('HSET', c.published, 'seq', record.seq, 'version', 0)
  redis.call('HSET', c.head, 'live_seq', record.seq, 'live_version', 0)
  end_record(c, record, 'live', at)
  local event = event_of('page-unpublished', c.site, c.page, record, at, c.actor)
  return await_servers(c, record, emit(c.events, c.keep_ms, c.trace, event))
end

-- Asks for a version that exists to be live: at once where its artifact is kept, so without a build. The version that
-- is live already is a refresh and is built anew, and so is one whose artifact cannot be read. `schedule` is the number of
-- the schedule that asks, nil where a person does.
local function publish_again(c, version, at, schedule)
  local number, live = tonumber(version), counter(c.head, 'live_version')
  local cause = number == live and 'refresh' or number < live and 'rollback' or 'publish'
  local kept = number ~= live and redis.call('HMGET', c.artifacts, version, version .. ':meta') or {}
  local is_kept, built = pcall(cjson.decode, kept[1] and kept[2] or '')
  local record = new_record(c.head, number, schedule and 'schedule' or cause, c.trace)
  record.schedule = schedule
  if not is_kept then return enqueue(c, record, at), record end
  built.body = kept[1]
  return make_live(c, record, built, at, 0), record
end

-- Ends a record that a newer one has overtaken.
local function supersede(c, record, by_seq, at)
  record.superseded_by = by_seq
  close_record(c, record, 'superseded', at)
  local event = event_of('build-superseded', c.site, c.page, record, at, c.actor)
  event.superseded_by = by_seq
  emit(c.events, c.keep_ms, c.trace, event)
end

-- Ends a record that is no longer asked for.
local function cancel(c, record, at)
  close_record(c, record, 'cancelled', at)
  emit(c.events, c.keep_ms, c.trace, event_of('build-cancelled', c.site, c.page, record, at, c.actor))
end

-- What an earlier request with the same key made: nothing, something, or something else.
-- Returns 'new', 'mismatch', or 'replayed' with the version and seq it made ('0' for none).
local function recall(idempotency, fingerprint)
  local known = redis.call('HMGET', idempotency, 'fingerprint', 'version', 'seq')
  if not known[1] then return 'new' end
  if known[1] ~= fingerprint then return 'mismatch' end
  return 'replayed', known[2], known[3]
end

local function remember(idempotency, keep_s, fingerprint, version, seq)
  redis.call('HSET', idempotency, 'fingerprint', fingerprint, 'version', version, 'seq', seq)
  redis.call('EXPIRE', idempotency, keep_s)
end

-- A page's draft as an editor finds it: its revision, config, base version, whose it is (id, name), and when it was
-- saved. Where there is none its config is empty, and behind all that stand the number and the JSON of the newest version
-- and the site's defaults, of which a draft begins. `keys` has site, head, draft and versions.
local function draft_now(keys)
  local draft = redis.call('HMGET', keys.draft, 'revision', 'config', 'base_version', 'by', 'name', 'at')
  for i = 1, 6 do draft[i] = draft[i] or '' end
  if draft[2] ~= '' then return draft end
  local newest = counter(keys.head, 'version')
  draft[7], draft[8] = digits(newest), redis.call('HGET', keys.versions, digits(newest)) or ''
  draft[9] = redis.call('HGET', keys.site, 'defaults') or ''
  return draft
end

-- Why a page can have no draft: there is no such site, or the page was moved. nil where it can.
local function refuse_draft(keys)
  if redis.call('EXISTS', keys.site) == 0 then return { 'no-site' } end
  local moved = redis.call('HGET', keys.head, 'moved')
  return moved and { 'moved', moved } or nil
end

-- Whether a rebuild is over: it was called off, or each page that it queued has ended.
local function is_over(rebuilds, number)
  local state = redis.call('HGET', rebuilds, number .. ':state')
  if state ~= 'queued' then return state ~= 'running' end
  local ended = 0
  for _, field in ipairs(ENDS) do ended = ended + counter(rebuilds, number .. ':' .. field) end
  return ended >= counter(rebuilds, number .. ':queued')
end

-- Forgets a rebuild that is too long ago to ask for.
local function forget_rebuild(rebuilds, number)
  local fields = { 'state', 'total', 'by', 'trace', 'created_at', 'queued', 'skipped', 'cursor', unpack(ENDS) }
  for _, field in ipairs(fields) do redis.call('HDEL', rebuilds, digits(number) .. ':' .. field) end
end

-- Ties hostnames to a site in the owners, in its list and in the order of changes, all in one slot. `keys` has the three.
local function own_hostnames(keys, site, at, hostnames)
  local before = redis.call('HGET', keys.lists, site) or ''
  for name in string.gmatch(before, ' (%S+)') do redis.call('HDEL', keys.owners, name) end
  for _, name in ipairs(hostnames) do redis.call('HSET', keys.owners, name, site) end
  redis.call('HSET', keys.lists, site, table.concat({ digits(at), unpack(hostnames) }, ' '))
  redis.call('ZADD', keys.changes, digits(at), site)
end

-- Appends an event about a schedule; `more` has what that event adds.
local function emit_schedule(events, keep_ms, type, site, record, at, by, more)
  local event = { type = type, site = site, page = record.page, schedule = record.id, action = record.action,
    version = record.version, due_at = record.at, at = at, by = by }
  for name, value in pairs(more or {}) do event[name] = value end
  emit(events, keep_ms, trace_of(record), event)
end

-- The due set names a schedule by number, site and page, so that of two at one instant the one made first comes first.
local function due_name(site, record)
  return string.format('%012.0f/%s/%s', record.id, site, record.page)
end
