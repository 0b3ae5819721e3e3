-- Notes that somebody has a page open, or has closed it, and tells who else has.
--
-- KEYS  1 site, 2 head, 3 draft
--       4 presence      hash: account and tab -> JSON of account, tab, is_editing, since and seen
-- ARGV  1 tab           the field's name: account and tab
--       2 person        JSON of account, tab and is_editing, "" where they leave
--       3 keep_ms       how long somebody is there after the last beat
--       4 most          how many are noted
--
-- Answers {'no-site'} | {'moved', slug} | {'seen', revision of the draft, JSON of each of the others}.
--
-- Side effects: 1 who was not heard of for keep_ms is forgotten; 2 the caller is noted or forgotten; where there are too many
-- already a new one is not noted, but told of the others all the same.
local keys, presence = { site = KEYS[1], head = KEYS[2] }, KEYS[4]
local tab, person, keep_ms, most = unpack(ARGV)

local refusal = refuse_draft(keys)
if refusal then return refusal end

local at, others, count, since = now_ms(), {}, 0, nil
local flat = redis.call('HGETALL', presence)
for i = 1, #flat, 2 do
  local is_json, other = pcall(cjson.decode, flat[i + 1])
  -- A clock that was set back must not keep anybody here for hours.
  local seen = is_json and type(other) == 'table' and tonumber(other.seen) or 0
  local is_here = seen > at - tonumber(keep_ms) and seen <= at + tonumber(keep_ms)
  if not is_here then
    redis.call('HDEL', presence, flat[i])
  elseif flat[i] == tab then
    since = other.since
  else
    others[#others + 1], count = flat[i + 1], count + 1
  end
end

if person == '' then
  redis.call('HDEL', presence, tab)
elseif count < tonumber(most) then
  local own = cjson.decode(person)
  own.since, own.seen = since or at, at
  redis.call('HSET', presence, tab, cjson.encode(own))
  redis.call('PEXPIRE', presence, keep_ms)
end
return { 'seen', redis.call('HGET', KEYS[3], 'revision') or '0', others }
