-- Tells that the hostnames of a site were set, and notes the first of them, by which its pages name their own address.
-- They live in another slot, so this is a step of its own; where it is lost, servers find the change by its time.
--
-- KEYS  1 site          hash
--       2 events
-- ARGV  1 site, 2 actor, 3 traceparent, 4 keep_ms
--       5 set_at        when they were set, ms; what was set later stays noted
--       6 hostname      the first, '' where there is none
--
-- Side effects: 1 a site that exists has the hostname noted; 2 hostnames-set is appended.
local site_key, events = unpack(KEYS)
local site, actor, trace, keep_ms, set_at, hostname = unpack(ARGV)

if redis.call('EXISTS', site_key) == 1 and counter(site_key, 'hostname_at') <= tonumber(set_at) then
  redis.call('HSET', site_key, 'hostname', hostname, 'hostname_at', set_at)
end
emit(events, keep_ms, trace, { type = 'hostnames-set', site = site, at = now_ms(), by = actor })
return 1
