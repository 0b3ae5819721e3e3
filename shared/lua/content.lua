-- Reads what a page holds: the configs of its newest and its live version, and its draft.
--
-- KEYS  1 site, 2 head, 3 draft, 4 versions
--
-- Answers {newest version's number, its JSON or '', live version's number, its JSON or '', what draft_now gives}; 0 stands
-- for no version.
local keys = { site = KEYS[1], head = KEYS[2], draft = KEYS[3], versions = KEYS[4] }

local function version(field)
  local number = digits(counter(keys.head, field))
  return number, redis.call('HGET', keys.versions, number) or ''
end

local newest, newest_json = version('version')
local live, live_json = version('live_version')
return { newest, newest_json, live, live_json, draft_now(keys) }
