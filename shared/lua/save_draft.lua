-- Saves a page's draft, if it is still the one that the change is based on.
--
-- A draft that is what is to be saved already changes nothing, whatever the change is based on: it was saved before and
-- the answer was lost, or two people wrote the same, and there is nothing to lose (RFC 9110, section 13.1.1).
--
-- KEYS  1 site, 2 head, 3 draft, 4 versions
--       5 pages         sorted set of the site's pages
-- ARGV  1 page
--       2 revision      that the change is based on
--       3 config        JSON, always written in the same way
--       4 base_version  version that the draft began from
--       5 by, 6 name    who saves it
--       7 title        of the draft, 8 folded  the same case-folded, '' where lower case is the same: for lists
--
-- Answers {'no-site'} | {'moved', slug} | {'changed' or 'unchanged' or 'saved', what draft_now gives}.
--
-- Side effects: 1 the draft has the config and the next revision; 2 the page is listed in its site and says that it has
-- a draft, and what its title is.
local keys = { site = KEYS[1], head = KEYS[2], draft = KEYS[3], versions = KEYS[4] }
local pages = KEYS[5]
local page, revision, config, base_version, by, name, title, folded = unpack(ARGV)

local refusal = refuse_draft(keys)
if refusal then return refusal end

local now = draft_now(keys)
local is_newest = counter(keys.draft, 'revision') == tonumber(revision)
if now[2] == config then
  -- What it began from may be told anew, as after it was published: nobody's work depends on it.
  if is_newest then redis.call('HSET', keys.draft, 'base_version', base_version) end
  return { 'unchanged', draft_now(keys) }
end
if not is_newest then return { 'changed', now } end

local at = digits(now_ms())
redis.call('HINCRBY', keys.draft, 'revision', 1)
redis.call('HSET', keys.draft, 'config', config, 'base_version', base_version, 'by', by, 'name', name, 'at', at)
redis.call('HDEL', keys.head, 'draft_folded')
redis.call('HSET', keys.head, 'draft_at', at, 'draft_title', title)
if folded ~= '' then redis.call('HSET', keys.head, 'draft_folded', folded) end
redis.call('ZADD', pages, 0, page)
return { 'saved', draft_now(keys) }
