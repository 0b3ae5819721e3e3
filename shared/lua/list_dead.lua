--! reads only
-- Lists dead letters of one partition, the newest first, by what fits a line of each: never the entry or the traceback.
--
-- KEYS  1 dead
-- ARGV  1 from          where to begin: "+", an id, or "(" and an id to begin behind it
--       2 limit         most letters
--       3 most          of letters that are looked at; what the filters leave out is read, too
--       4 most_bytes    about as much is read: an entry is kept however long it was, and others wait for Redis meanwhile
--       5 longest       of what is told of a field, in bytes
--       6 site, 7 page, 8 code   only letters about these; "" for any
--
-- Answers {id of the last letter that was looked at, "" where none follows; then per letter {id, site, page, seq, code,
-- reason}}. There may be none although others follow.
local dead = KEYS[1]
local from, limit, most, most_bytes, longest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local wanted = { site = ARGV[6], page = ARGV[7], code = ARGV[8] }

local function fields_of(entry)
  local fields, bytes = {}, 0
  for i = 1, #entry[2], 2 do
    fields[entry[2][i]] = entry[2][i + 1]
    bytes = bytes + #entry[2][i + 1]
  end
  return fields, bytes
end

local function is_wanted(fields)
  for name, value in pairs(wanted) do
    if value ~= '' and fields[name] ~= value then return false end
  end
  return true
end

local answer, last, looked, read = { '' }, '', 0, 0
while true do
  local entry = redis.call('XREVRANGE', dead, from, '-', 'COUNT', 1)[1]
  if not entry then return answer end
  if #answer > limit or looked >= most or read >= most_bytes then break end
  local fields, bytes = fields_of(entry)
  if is_wanted(fields) then
    local line = { entry[1] }
    for _, name in ipairs({ 'site', 'page', 'seq', 'code', 'reason' }) do
      line[#line + 1] = string.sub(fields[name] or '', 1, tonumber(longest))
    end
    answer[#answer + 1] = line
  end
  last, from, looked, read = entry[1], '(' .. entry[1], looked + 1, read + bytes
end
answer[1] = last
return answer
