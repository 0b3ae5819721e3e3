-- Deletes a page's draft, if it is still the one that whoever deletes it has seen.
--
-- Its revision stays and rises, so that the next draft of the page is never taken for this one.
--
-- KEYS  1 site, 2 head, 3 draft, 4 versions
--       5 pages         sorted set of the site's pages
-- ARGV  1 page
--       2 revision      that was seen
--
-- Answers {'no-site'} | {'moved', slug} | {'changed' or 'unchanged' or 'deleted', what draft_now gives}. Unchanged is a
-- page without a draft.
--
-- Side effects: 1 the draft is gone but for its revision, the next one; 2 the page no longer says that it has one, and
-- what its title is; 3 a page that was nothing else is no longer listed.
local keys = { site = KEYS[1], head = KEYS[2], draft = KEYS[3], versions = KEYS[4] }
local pages = KEYS[5]
local page, revision = unpack(ARGV)

local refusal = refuse_draft(keys)
if refusal then return refusal end

local now = draft_now(keys)
if now[2] == '' then return { 'unchanged', now } end
if now[1] ~= revision then return { 'changed', now } end

redis.call('HDEL', keys.draft, 'config', 'base_version', 'by', 'name', 'at')
redis.call('HINCRBY', keys.draft, 'revision', 1)
redis.call('HDEL', keys.head, 'draft_at', 'draft_title', 'draft_folded')
if counter(keys.head, 'version') == 0 then redis.call('ZREM', pages, page) end
return { 'deleted', draft_now(keys) }
