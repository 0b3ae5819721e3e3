-- Reads a page's draft.
--
-- KEYS  1 site, 2 head, 3 draft, 4 versions
--
-- Answers {'no-site'} | {'moved', slug} | {'found', what draft_now gives}.
local keys = { site = KEYS[1], head = KEYS[2], draft = KEYS[3], versions = KEYS[4] }

return refuse_draft(keys) or { 'found', draft_now(keys) }
