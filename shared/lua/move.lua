-- Moves a page to another slug of its site, with all that belongs to it, and leaves a marker at the old one.
--
-- The page's keys are renamed, so nothing is copied and nothing can be half there. What stays at the old slug are its
-- numbers, so that none is given out twice there, and a published key that says where the page is now. Addresses that led
-- to the old slug lead to the new one: a visitor is never sent on twice.
--
-- KEYS  1 pages         sorted set of the site's pages
--       2 head, 3 versions, 4 publications, 5 published, 6 artifacts             of the old slug
--       7 head, 8 versions, 9 publications, 10 published, 11 artifacts           of the new one
--       12 idempotency, 13 events, 14 open
--       15 lane, 16 waiting, 17 turns   where the page waits to be built anew
--       18 unserved     list of publications that wait for the servers
--       19 draft of the old slug, 20 draft of the new one, 21 schedules, 22 scheduled
--       23 shares of the old slug, 24 shares of the new one
-- ARGV  1 site, 2 page, 3 actor, 4 traceparent, 5 keep_ms, 6 fingerprint, 7 idempotency_s
--       8 to            the new slug
--       9 group
--
-- Answers {'no-page'} | {'mismatch'} | {'taken'}: the new slug is, or was, another page's, or has a
-- draft | {'under-way'}: a publication
-- of the page has not ended | {'moved' or 'replayed', the publication's JSON}.
--
-- Side effects: 1 all keys of the page have the new slug; 2 the old slug keeps its numbers and a marker, and so does each
-- slug that led to it; 3 the site lists the new slug in place of the old one; 4 a publication takes the next seq and is
-- live, or ends the same way where nothing was live; 5 page-moved is appended, and it waits for the servers, as do those
-- of the page that waited before; 6 what is live is queued to be built anew,
-- since pages name their own address; 7 its schedules are those of the new slug, and due when they were; 8 the
-- idempotency key is remembered.
local pages, head, versions, publications, published, artifacts = unpack(KEYS, 1, 6)
local new_head, new_versions, new_publications, new_published, new_artifacts = unpack(KEYS, 7, 11)
local idempotency, events, open, lane, waiting, turns, unserved, draft, new_draft = unpack(KEYS, 12, 20)
local schedules, scheduled, shares, new_shares = unpack(KEYS, 21)
local site, page, actor, trace, keep_ms, fingerprint, idempotency_s, to, group = unpack(ARGV)

local memory, _, old_seq = recall(idempotency, fingerprint)
if memory == 'mismatch' then return { 'mismatch' } end
if memory == 'replayed' then return { 'replayed', redis.call('HGET', new_publications, old_seq) or '' } end

if redis.call('EXISTS', versions) == 0 then return { 'no-page' } end
-- A slug that was used once is free for the page that leads on from it, which moves back.
local leads_to = redis.call('HGET', new_head, 'moved')
if redis.call('EXISTS', new_versions) == 1 or (counter(new_head, 'version') > 0 and leads_to ~= page) then
  return { 'taken' }
end
if redis.call('HEXISTS', new_draft, 'config') == 1 then return { 'taken' } end

-- Entries of builds name the slug, so none may be left. All publications that have not ended are in `open`, of which
-- there are usually few; where there are many, those of this page may be fewer.
local function is_under_way()
  local begin, seq = site .. '/' .. page .. '/', counter(head, 'seq')
  if redis.call('ZCARD', open) > seq then
    for number = seq, 1, -1 do
      if redis.call('ZSCORE', open, begin .. digits(number)) then return true end
    end
    return false
  end
  for _, name in ipairs(redis.call('ZRANGE', open, 0, -1)) do
    if string.sub(name, 1, #begin) == begin then return true end
  end
  return false
end
if is_under_way() then return { 'under-way' } end

local MOST_OLD = 100

local at, was_published = now_ms(), redis.call('EXISTS', published) == 1
local old = {}
for slug in string.gmatch(redis.call('HGET', head, 'old') or '', '%S+') do
  if slug ~= to then old[#old + 1] = slug end
end
-- One that falls off the end still leads here, by way of the slug after it.
if #old == MOST_OLD then table.remove(old, 1) end

-- A key of another slug of this site, and so of this slot.
local function key_of(key, slug)
  return string.sub(key, 1, -1 - #page) .. slug
end

-- One that has a page of its own by now no longer has the marker, or, until that page is live, only for visitors.
local function lead_on(key)
  if redis.call('HGET', key, 'moved') == page then redis.call('HSET', key, 'moved', to) end
end

for _, slug in ipairs(old) do
  lead_on(key_of(head, slug))
  lead_on(key_of(published, slug))
end
old[#old + 1] = page

-- Numbers go on above all that either slug gave out: servers and caches hold pages by slug and number.
local seq = math.max(counter(head, 'seq'), counter(new_head, 'seq'))
local version = math.max(counter(head, 'version'), counter(new_head, 'version'))
redis.call('DEL', new_head, new_published)
for from, target in pairs({ [head] = new_head, [versions] = new_versions, [publications] = new_publications,
  [published] = new_published, [artifacts] = new_artifacts }) do
  if redis.call('EXISTS', from) == 1 then redis.call('RENAME', from, target) end
end
-- The draft comes along. Its revisions go on above those of both slugs, like all numbers, and stay behind as well: a tab
-- that was left open at either slug must not take another draft for its own.
local revision = math.max(counter(draft, 'revision'), counter(new_draft, 'revision'))
if revision > 0 then
  redis.call('DEL', new_draft)
  if redis.call('EXISTS', draft) == 1 then redis.call('RENAME', draft, new_draft) end
  redis.call('HSET', new_draft, 'revision', digits(revision))
  redis.call('HSET', draft, 'revision', digits(revision))
end
redis.call('HSET', new_head, 'seq', digits(seq), 'version', digits(version), 'old', table.concat(old, ' '))
redis.call('ZREM', pages, page)
redis.call('ZADD', pages, 0, to)

-- Shares come along, to those that the new slug has, so that they can be found and taken back.
local shared = redis.call('HGETALL', shares)
if #shared > 0 then
  local ttl_ms = math.max(redis.call('PTTL', shares), redis.call('PTTL', new_shares))
  redis.call('HSET', new_shares, unpack(shared))
  redis.call('PEXPIRE', new_shares, ttl_ms)
  redis.call('DEL', shares)
end

for i, text in ipairs(redis.call('LRANGE', unserved, 0, -1)) do
  local is_json, other = pcall(cjson.decode, text)
  if is_json and type(other) == 'table' and other.publications == publications then
    other.publications, other.page = new_publications, to
    redis.call('LSET', unserved, i - 1, cjson.encode(other))
  end
end

for _, json in ipairs(redis.call('HVALS', schedules)) do
  local is_json, schedule = pcall(cjson.decode, json)
  if is_json and type(schedule) == 'table' and schedule.page == page then
    local before = due_name(site, schedule)
    local due = redis.call('ZSCORE', scheduled, before)
    schedule.page = to
    redis.call('HSET', schedules, digits(schedule.id), cjson.encode(schedule))
    if due then
      redis.call('ZREM', scheduled, before)
      redis.call('ZADD', scheduled, due, due_name(site, schedule))
    end
  end
end

local last = digits(seq + 1)
redis.call('HSET', head, 'version', digits(version), 'seq', last, 'live_seq', last, 'live_version', '0', 'moved', to)
if was_published then redis.call('HSET', published, 'seq', last, 'version', '0', 'moved', to) end

local live_version = counter(new_head, 'live_version')
local record = new_record(new_head, live_version, 'move', trace)
step(record, 'live', at, actor)
redis.call('HSET', new_head, 'live_seq', digits(record.seq))
if was_published then redis.call('HSET', new_published, 'seq', digits(record.seq)) end
local event = event_of('page-moved', site, to, record, at, actor)
event.old = old
local context = { site = site, page = to, actor = actor, trace = trace, keep_ms = keep_ms, publications = new_publications,
  events = events, open = open, unserved = unserved,
  lane = { stream = lane, waiting = waiting, turns = turns, group = group } }
local json = await_servers(context, record, emit(events, keep_ms, trace, event))
if live_version > 0 then enqueue(context, new_record(new_head, live_version, 'refresh', trace), at) end
remember(idempotency, idempotency_s, fingerprint, '0', digits(record.seq))
return { 'moved', json }
