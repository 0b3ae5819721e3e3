-- What the scripts have in common. The loader puts this text before each of them.
--
-- Conventions: KEYS and ARGV are named in each script's legend. Times are milliseconds by Redis's own clock, so
-- the steps of one publication share one clock. A record is the JSON of shared/records.py's Publication.
-- Nothing in Redis rolls back, so a script reads and checks first and writes after.

local TERMINAL = { live = true, failed = true, superseded = true, cancelled = true }

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

-- Appends an event; the stream keeps `keep_ms` of history.
local function emit(stream, keep_ms, trace, event)
  local oldest = math.max(0, event.at - tonumber(keep_ms))
  return redis.call('XADD', stream, 'MINID', '~', digits(oldest), '*',
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

-- The end of an entry's way: acknowledged and deleted together, since XACK alone lets the stream grow for ever.
local function settle_entry(stream, group, entry)
  redis.call('XACK', stream, group, entry)
  redis.call('XDEL', stream, entry)
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

-- Queues a record: the event goes to the lane's stream as work and to the events stream as news.
local function enqueue(c, record, at)
  step(record, 'queued', at, c.actor)
  local json = save_record(c.publications, record)
  local event = event_of('config-published', c.site, c.page, record, at, c.actor)
  redis.call('XADD', c.lane, '*', 'type', event.type, 'data', cjson.encode(event), 'traceparent', c.trace)
  emit(c.events, c.keep_ms, c.trace, event)
  return json
end

-- Makes a record live. `built` has etag, csp, size, built_at and body (the compressed bytes).
local function make_live(c, record, built, at, build_ms)
  local before = redis.call('HGET', c.published, 'etag')
  redis.call('HSET', c.published, 'seq', record.seq, 'version', record.version, 'etag', built.etag,
    'csp', built.csp, 'size', built.size, 'built_at', digits(built.built_at), 'body', built.body)
  redis.call('HSET', c.head, 'live_seq', record.seq, 'live_version', record.version)
  step(record, 'live', at, c.actor)
  record.failure = nil
  local json = save_record(c.publications, record)
  local event = event_of('page-built', c.site, c.page, record, at, c.actor)
  event.etag, event.size, event.build_ms = built.etag, tonumber(built.size), build_ms
  event.accepted_at, event.unchanged = record.steps[1].at, before == built.etag
  emit(c.events, c.keep_ms, c.trace, event)
  return json
end

-- Ends a record that a newer one has overtaken.
local function supersede(c, record, by_seq, at)
  step(record, 'superseded', at, c.actor)
  record.superseded_by = by_seq
  save_record(c.publications, record)
  local event = event_of('build-superseded', c.site, c.page, record, at, c.actor)
  event.superseded_by = by_seq
  emit(c.events, c.keep_ms, c.trace, event)
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
