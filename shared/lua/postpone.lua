-- Leaves an entry that this builder does not understand for a newer one, for a while.
--
-- KEYS  1 lane, 2 delayed
-- ARGV  1 entry, 2 group, 3 type, 4 data, 5 traceparent
--       6 since         when it was first put off, ms; '' the first time
--       7 keep_ms       how long to wait for a newer builder
--       8 again_ms      when to offer it again
--
-- Answers {'postponed'} | {'expired'}: nobody came, nothing was done.
--
-- Side effects: 1 the entry waits in the delayed set; 2 it is settled in its lane.
local lane, delayed = unpack(KEYS)
local entry, group, type, data, trace, since, keep_ms, again_ms = unpack(ARGV)

local at = now_ms()
local first = tonumber(since) or at
if at - first >= tonumber(keep_ms) then return { 'expired' } end
delay(delayed, at, tonumber(again_ms), lane,
  { type = type, data = data, traceparent = trace, since = digits(first) })
settle_entry(lane, group, entry)
return { 'postponed' }
