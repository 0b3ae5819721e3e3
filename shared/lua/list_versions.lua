--! reads only
-- Reads a stretch of a page's versions, newest first, without their configs: a config may be long, and a list needs none.
--
-- KEYS  1 head, 2 versions, 3 artifacts
-- ARGV  1 below         number to begin below, 0 for the newest
--       2 limit         most versions
--
-- Answers {'no-page'} | {'found', live version, number to go on below or 0, version JSON, meta JSON or '', version JSON, …}.
--
-- Side effects: none.
local head, versions, artifacts = unpack(KEYS)
local below, limit = tonumber(ARGV[1]), tonumber(ARGV[2])

local newest = counter(head, 'version')
if newest == 0 or redis.call('HEXISTS', head, 'moved') == 1 then return { 'no-page' } end

-- The config is the last field (publish.lua). In the text of another one its quotes would be escaped.
local function without_config(json)
  local at = string.find(json, ',"config":', 1, true)
  return at and string.sub(json, 1, at - 1) .. '}' or json
end

local first = below > 0 and math.min(newest, below - 1) or newest
local last = math.max(1, first - limit + 1)
local answer = { 'found', counter(head, 'live_version'), first >= last and last > 1 and last or 0 }
for number = first, last, -1 do
  local json = redis.call('HGET', versions, digits(number))
  if json then
    answer[#answer + 1] = without_config(json)
    answer[#answer + 1] = redis.call('HGET', artifacts, digits(number) .. ':meta') or ''
  end
end
return answer
