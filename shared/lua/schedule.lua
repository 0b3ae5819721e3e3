-- Makes a schedule: at an instant to come, a version of a page goes live, or the page is taken off.
--
-- KEYS  1 head, 2 versions, 3 schedules, 4 scheduled, 5 idempotency, 6 events
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--       8 about         JSON of the schedule as far as it is known
--       9 most_ahead_ms how far from now an instant may be
--       10 most         how many schedules a site has at most; of those that have ended, the oldest give way
--
-- Answers {'no-page'} | {'no-version', number} | {'mismatch'} | {'past'} | {'far'} | {'full'} | {'replayed', JSON or ''}
-- | {'scheduled', JSON}.
--
-- Side effects: 1 where there is no room, schedules that ended long ago are forgotten; 2 the schedule takes the next
-- number and is stored; 3 it stands in the due set; 4 schedule-set is appended; 5 the idempotency key is remembered.
local head, versions, schedules, scheduled, idempotency, events = unpack(KEYS)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s, about, most_ahead_ms, most = unpack(ARGV)

local memory, _, old_id = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', schedules, old_id) or '' } end

if redis.call('EXISTS', versions) == 0 then return { 'no-page' } end
local record, at = cjson.decode(about), now_ms()
if record.action == 'publish' then
  if record.version == 0 then record.version = counter(head, 'version') end
  if redis.call('HEXISTS', versions, digits(record.version)) == 0 then return { 'no-version', digits(record.version) } end
end
if record.at <= at then return { 'past' } end
if record.at - at > tonumber(most_ahead_ms) then return { 'far' } end

-- Some more than is needed, so that this is not done each time.
local AT_ONCE = 50

-- One field is the counter.
local function has_room()
  return redis.call('HLEN', schedules) - 1 < tonumber(most)
end

local function forget_ended()
  local ids = {}
  for _, field in ipairs(redis.call('HKEYS', schedules)) do ids[#ids + 1] = tonumber(field) end
  table.sort(ids)
  local forgotten = 0
  for _, id in ipairs(ids) do
    local is_json, other = pcall(cjson.decode, redis.call('HGET', schedules, digits(id)))
    if not is_json or other.state ~= 'scheduled' then
      redis.call('HDEL', schedules, digits(id))
      forgotten = forgotten + 1
    end
    if forgotten == AT_ONCE then return end
  end
end

if not has_room() then forget_ended() end
if not has_room() then return { 'full' } end

record.id = redis.call('HINCRBY', schedules, 'next', 1)
record.page, record.by, record.created_at, record.state = page, actor, at, 'scheduled'
record.trace = string.sub(trace, 4, 35)
local json = cjson.encode(record)
redis.call('HSET', schedules, digits(record.id), json)
redis.call('ZADD', scheduled, digits(record.at), due_name(site, record))
emit_schedule(events, keep_ms, 'schedule-set', site, record, at, actor)
remember(idempotency, idempotency_s, fingerprint, digits(record.version), digits(record.id))
return { 'scheduled', json }
