-- Takes entries over from a dead builder. One that was delivered before may be what killed it, so it is taken alone.
--
-- KEYS  1 lane
-- ARGV  1 group, 2 from, 3 to  builders, 4 most
--
-- Answers {{id, deliveries, fields}, …}; empty where nothing is pending under that name.
--
-- Side effects: the entries are pending under the new name, delivered once more.
local lane = KEYS[1]
local group, from, to, most = unpack(ARGV)

local pending = redis.pcall('XPENDING', lane, group, '-', '+', most, from)
if pending.err or #pending == 0 then return {} end

local ids, deliveries = {}, {}
for _, item in ipairs(pending) do
  local id, count = item[1], item[4]
  if count > 1 and #ids > 0 then break end
  ids[#ids + 1], deliveries[id] = id, count + 1
  if count > 1 then break end
end

local claimed = {}
for _, entry in ipairs(redis.call('XCLAIM', lane, group, to, 0, unpack(ids))) do
  claimed[#claimed + 1] = { entry[1], deliveries[entry[1]], entry[2] }
end
return claimed
