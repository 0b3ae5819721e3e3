-- A server says up to which position it has applied a partition's events. What every server has applied is told of as
-- served: of each publication at most once, in the order in which they went live.
--
-- A server counts from its first report until it leaves, or until it was silent for MISSED looks. A look is made with a
-- report, at most one per heartbeat by Redis's clock, so neither a clock that jumps nor an outage of Redis silences
-- anybody. Where nothing was reported yet (Redis is new, or was emptied), nothing is told before as many looks: until
-- then nobody knows which servers there are.
--
-- KEYS  1 applied    hash: server -> `<position> <look>`, of one that fell silent `<position> <look> <newest event then>`;
--                    `:looks` -> `<looks> <time of the last>`
--       2 unserved   list of publications that wait, oldest first. The key of their records, which shares the slot,
--                    stands in it: it is not known before.
--       3 events
-- ARGV  1 server, 2 position  '' where it leaves, 3 heartbeat_ms, 4 keep_ms
--       5 most       how many publications to tell of at once
--
-- Answers {told, more}: how many were told of, and 1 where there may be more to tell of.
--
-- Side effects: 1 the report is kept, silent servers are marked and, once nothing waits that they might have had,
-- forgotten. Of each publication that is told of: 2 it leaves the list; 3 its record says on how many servers it is;
-- 4 page-served is appended.
local applied, unserved, events = unpack(KEYS)
local server, reported, heartbeat_ms, keep_ms, most = unpack(ARGV)

local MISSED, FORGOTTEN, LOOKS = 7, 1000, ':looks'
local at = now_ms()

local function parse(position)
  local ms, n = string.match(position, '^(%d+)-(%d+)$')
  return { ms = tonumber(ms) or 0, n = tonumber(n) or 0 }
end

local function is_before(one, other)
  return one.ms < other.ms or (one.ms == other.ms and one.n < other.n)
end

local function newest_event()
  local info = redis.pcall('XINFO', 'STREAM', events)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
  return '0-0'
end

local function look()
  local looks, looked_at = string.match(redis.call('HGET', applied, LOOKS) or '0 0', '^(%d+) (%d+)$')
  local since = at - (tonumber(looked_at) or 0)
  looks = tonumber(looks) or 0
  -- A little less than a heartbeat, since beats are not exact; a clock that was set back looks at once.
  if since >= 0 and since < 0.8 * tonumber(heartbeat_ms) then return looks end
  redis.call('HSET', applied, LOOKS, digits(looks + 1) .. ' ' .. digits(at))
  return looks + 1
end

-- Those that count, those that fell silent, and the least position of the former.
local function survey(looks, newest)
  local alive, silent, least = {}, {}, nil
  local flat, now = redis.call('HGETALL', applied), parse(newest)
  for i = 1, #flat, 2 do
    local position, seen, gone = string.match(flat[i + 1], '^(%S+) (%d+) ?(%S*)$')
    if flat[i] ~= LOOKS and position then
      local one = { name = flat[i], at = parse(position), seen = tonumber(seen), gone = gone ~= '' and parse(gone) }
      -- A position that this history has not reached is of another one: of this one nothing is applied.
      if is_before(now, one.at) then one.at = parse('') end
      if not one.gone and looks - one.seen >= MISSED then
        redis.call('HSET', applied, one.name, position .. ' ' .. seen .. ' ' .. newest)
        one.gone = now
      end
      local kind = one.gone and silent or alive
      kind[#kind + 1] = one
      if not one.gone and (not least or is_before(one.at, least)) then least = one.at end
    end
  end
  return alive, silent, least
end

local function tell(waiting, alive, silent)
  local seq, went_live = digits(waiting.seq), parse(waiting.position)
  local record = load_record(waiting.publications, seq)
  if not record or record.served then return end
  local served, missing = { servers = #alive, of = #alive, at = at }, {}
  for _, one in ipairs(silent) do
    -- It counted when this went live, and never said that it has it.
    if is_before(one.at, went_live) and not is_before(one.gone, went_live) then missing[#missing + 1] = one.name end
  end
  if #missing > 0 then
    served.of, served.missing = #alive + #missing, missing
  end
  record.served = served
  save_record(waiting.publications, record)
  local event = event_of('page-served', waiting.site, waiting.page, record, at, server)
  event.servers, event.of, event.accepted_at = served.servers, served.of, record.steps[1].at
  emit(events, keep_ms, trace_of(record), event)
end

-- What cannot be read comes before everything, and is passed over.
local function next_waiting()
  local first = redis.call('LINDEX', unserved, 0)
  if not first then return nil end
  local is_json, waiting = pcall(cjson.decode, first)
  local is_well = is_json and type(waiting) == 'table' and waiting.position and waiting.publications and waiting.seq
  return is_well and waiting or { position = '', is_damaged = true }
end

if reported == '' then redis.call('HDEL', applied, server) end
local looks, newest = look(), newest_event()
if reported ~= '' then redis.call('HSET', applied, server, reported .. ' ' .. digits(looks)) end
local alive, silent, least = survey(looks, newest)

local told, waiting = 0, next_waiting()
while waiting and least and looks >= MISSED and told < tonumber(most) and not is_before(least, parse(waiting.position)) do
  redis.call('LPOP', unserved)
  if not waiting.is_damaged then tell(waiting, alive, silent) end
  told, waiting = told + 1, next_waiting()
end

for _, one in ipairs(silent) do
  local is_done = not waiting or is_before(one.gone, parse(waiting.position))
  if is_done or looks - one.seen > FORGOTTEN then redis.call('HDEL', applied, one.name) end
end
return { told, told == tonumber(most) and 1 or 0 }
