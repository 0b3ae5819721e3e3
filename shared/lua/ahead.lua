--! reads only
-- Counts what people asked for before one publication and that has not ended.
--
-- What is built in bulk is accepted among the rest and lets everything else pass, so it is looked for and not counted; of
-- that there is never much at a time (services/builder/rebuilds.py), and it is looked for among the oldest LOOKED_AT.
--
-- KEYS  1 open
--       2 publications  of the site's pages: their key without the slug
-- ARGV  1 site, 2 page, 3 seq
--
-- Answers {how many}.
--
-- Side effects: none.
local open, publications = unpack(KEYS)
local site, page, seq = unpack(ARGV)

local LOOKED_AT = 1000

local rank = redis.call('ZRANK', open, site .. '/' .. page .. '/' .. seq) or 0
if rank == 0 then return { 0 } end

-- A key of the same kind of any site, all of which are of this partition and so of this slot.
local kind = string.sub(publications, 1, -2 - #site)
local count = rank
for _, name in ipairs(redis.call('ZRANGE', open, 0, math.min(rank, LOOKED_AT) - 1)) do
  local its_page, its_seq = string.match(name, '^(.+)/(%d+)$')
  local json = its_page and redis.call('HGET', kind .. its_page, its_seq)
  if json and string.find(json, '"rebuild":', 1, true) then count = count - 1 end
end
return { count }
