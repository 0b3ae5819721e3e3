-- Asks the builders for a preview, or finds the one that the same request asked for before.
--
-- KEYS  1 site      hash, must exist
--       2 preview   hash with a TTL: what was made
--       3 previews  stream: the lane
--       4 rate      string with a TTL: how many somebody asked for this minute
-- ARGV  1 fingerprint  digest of the request
--       2 most         previews a minute
--       3 room         entries that the lane takes
--       4 within_ms    how long the caller waits
--       5 preview      its id
--       6 ticket, 7 mailbox   which wait the answer is for, and where it goes
--       8 page, 9 config
--
-- Answers {'no-site'} | {'mismatch'} | {'made', etag, size} | {'too-many', ms until the next minute} | {'busy'} | {'asked'}.
--
-- Side effects: 1 entries for which nobody waits any more are gone; 2 it counts for the minute; 3 an entry is appended,
-- with all that rendering needs, so that nothing is stored for it.
local site_key, preview_key, previews, rate = unpack(KEYS)
local fingerprint, most, room, within_ms, preview, ticket, mailbox, page, config = unpack(ARGV)
local MINUTE_MS = 60000

local about = redis.call('HMGET', site_key, 'created_at', 'title', 'hostname')
if not about[1] then return { 'no-site' } end

local made = redis.call('HMGET', preview_key, 'fingerprint', 'etag', 'size')
if made[1] then
  if made[1] ~= fingerprint then return { 'mismatch' } end
  return { 'made', made[2], made[3] }
end

if tonumber(redis.call('GET', rate) or '0') >= tonumber(most) then return { 'too-many', redis.call('PTTL', rate) } end

redis.call('XTRIM', previews, 'MINID', digits(math.max(0, now_ms() - tonumber(within_ms))))
if redis.call('XLEN', previews) >= tonumber(room) then return { 'busy' } end

if redis.call('INCR', rate) == 1 then redis.call('PEXPIRE', rate, MINUTE_MS) end
redis.call('XADD', previews, '*', 'preview', preview, 'preview_key', preview_key, 'fingerprint', fingerprint,
  'ticket', ticket, 'mailbox', mailbox, 'within_ms', within_ms, 'site_title', about[2] or '',
  'hostname', about[3] or '', 'page', page, 'config', config)
return { 'asked' }
