--! reads only
-- Finds what visitors got of a page at an instant.
--
-- Every publication keeps when it was accepted, which rises with its seq, so the last that was accepted by then is found by
-- halving. From there it goes back to the first that had gone live by then: most often that one, or the one before.
--
-- KEYS  1 head, 2 publications
-- ARGV  1 at            ms
--       2 from          seq to go on at, 0 to begin
--       3 most          records to look at in going back
--
-- Answers {'found', publication JSON} | {'none'} | {'further', seq}: ask again from there.
--
-- Side effects: none.
local head, publications = unpack(KEYS)
local at, from, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

-- Where a Redis went back in time and pages were written back, records are missing: then one a little lower will do.
local PASSED_OVER = 100

local function accepted_before(low, seq)
  for number = seq, math.max(low + 1, seq - PASSED_OVER), -1 do
    local record = load_record(publications, digits(number))
    if record and record.steps[1] then return number, record.steps[1].at end
  end
end

-- No lower than the last one accepted by then; where records are missing perhaps higher, which costs a longer way back.
local function last_accepted()
  local low, high = 0, counter(head, 'live_seq') + 1
  while high - low > 1 do
    local number, accepted_at = accepted_before(low, math.floor((low + high) / 2))
    if not number then break end
    if accepted_at > at then high = number else low = math.max(number, math.floor((low + high) / 2)) end
  end
  return high - 1
end

local function went_live_at(record)
  for _, made in ipairs(record.steps) do
    if made.state == 'live' then return made.at end
  end
end

local first = from > 0 and from or last_accepted()
local last = math.max(1, first - most + 1)
for number = first, last, -1 do
  local json = redis.call('HGET', publications, digits(number))
  -- Most that never went live do not have the word in them; to read each would take ten times as long.
  if json and string.find(json, '"live"', 1, true) then
    local live_at = went_live_at(cjson.decode(json))
    if live_at and live_at <= at then return { 'found', json } end
  end
end
return last > 1 and { 'further', last - 1 } or { 'none' }
