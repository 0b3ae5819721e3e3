-- Takes a builder's name out of a lane. What is still pending under it goes back to the lane as new entries; without
-- that, removing the name would lose them.
--
-- KEYS  1 lane
-- ARGV  1 group, 2 builder
--       3 most          how many entries to hand back at once; 0 for a dead builder, whose entries are claimed
--
-- Answers {handed_back, left}: how many went back, and 1 where the name is out.
--
-- Side effects: 1 each entry is appended anew and settled; 2 the name is removed, unless entries are left.
local lane = KEYS[1]
local group, builder, most = unpack(ARGV)

local pending = redis.pcall('XPENDING', lane, group, '-', '+', math.max(1, tonumber(most)), builder)
if pending.err then return { 0, 1 } end

local handed_back = 0
if tonumber(most) > 0 then
  for _, item in ipairs(pending) do
    local entry = redis.call('XRANGE', lane, item[1], item[1])[1]
    if entry then redis.call('XADD', lane, '*', unpack(entry[2])) end
    settle_entry(lane, group, item[1])
    handed_back = handed_back + 1
  end
  pending = redis.call('XPENDING', lane, group, '-', '+', 1, builder)
end
if #pending > 0 then return { handed_back, 0 } end
redis.call('XGROUP', 'DELCONSUMER', lane, group, builder)
return { handed_back, 1 }
