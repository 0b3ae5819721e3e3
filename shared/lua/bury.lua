-- Keeps an entry that nobody can read, or that is about nothing, as a dead letter.
--
-- KEYS  1 lane, 2 dead
-- ARGV  1 entry, 2 group, 3 builder, 4 traceparent
--       5 code, 6 reason, 7 pointer, 8 detail  traceback, 9 type, 10 data  the entry's raw bytes
--       11 most          bound of the dead-letter stream
--
-- Answers {'buried'} | {'ended'}: it is gone, so an earlier run, whose answer was lost, has buried it.
--
-- Side effects: 1 the dead letter is kept; 2 the entry is settled.
local lane, dead = unpack(KEYS)
local entry, group, builder, trace, code, reason, pointer, detail, type, data, most = unpack(ARGV)
return bury(dead, most, { lane = lane, entry = entry, group = group, builder = builder, traceparent = trace, code = code,
  reason = reason, pointer = pointer, detail = detail, type = type, data = data })
