--! reads only
-- Looks at a stretch of a site's pages, by slug, for those that are in a state and have a text in their slug or title.
-- A page that has no version has the title of its draft, for those who may read drafts.
--
-- KEYS  1 site, 2 pages
--       3 head, 4 publications   of the site's pages: their keys without the slug
-- ARGV  1 after         slug to begin behind, '' for the first
--       2 most          pages to look at
--       3 limit         pages to find
--       4 search        case-folded, '' for all
--       5 state         '' for all
--       6 drafts        1 for the titles of drafts, too
--
-- Answers {'no-site'} | {'found', slug to go on behind or '', {slug, state, head as a flat hash}, …}.
--
-- Side effects: none.
local site_key, pages, heads, publications = unpack(KEYS)
local after, most, limit, search, wanted_state = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local sees_drafts = ARGV[6] == '1'

if redis.call('EXISTS', site_key) == 0 then return { 'no-site' } end

-- A page whose newest publication waits, or failed, is in that state, whatever is live.
local function state_of(slug, wanted, live, live_version)
  local record = wanted > live and load_record(publications .. slug, digits(wanted))
  if record and not TERMINAL[record.state] then return 'building' end
  if record and record.state == 'failed' then return 'failed' end
  if live_version > 0 then return 'live' end
  return live > 0 and 'unpublished' or 'draft'
end

local function is_found(slug, title, folded)
  if search == '' or string.find(slug, search, 1, true) then return true end
  return string.find(folded or string.lower(title or ''), search, 1, true) ~= nil
end

local slugs = redis.call('ZRANGEBYLEX', pages, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, most + 1)
local answer, looked = { 'found', '' }, 0
for i = 1, math.min(#slugs, most) do
  looked = i
  local slug = slugs[i]
  local key = heads .. slug
  local head = redis.call('HMGET', key, 'wanted_seq', 'live_seq', 'live_version', 'title', 'folded',
    'draft_title', 'draft_folded')
  local title, folded = head[4], head[5]
  if not title and sees_drafts then title, folded = head[6], head[7] end
  if is_found(slug, title, folded) then
    local state = state_of(slug, tonumber(head[1] or 0), tonumber(head[2] or 0), tonumber(head[3] or 0))
    if wanted_state == '' or state == wanted_state then
      answer[#answer + 1] = { slug, state, redis.call('HGETALL', key) }
    end
  end
  if #answer - 2 == limit then break end
end
if looked < #slugs then answer[2] = slugs[looked] end
return answer
