-- Writes back the hostnames of a site that a server still knows and Redis has older, or not at all. It only lifts: what
-- was set later stays. Safe to run twice, and by many servers at once.
--
-- KEYS  1 owners, 2 lists, 3 changes
-- ARGV  1 site
--       2 at            when they were set, ms
--       3 ... hostnames
--
-- Answers {'known'}: Redis has these or newer | {'restored'}.
--
-- Side effects, restored: 1 the hostnames are the site's, but for those that another site was given later; 2 another site
-- that was given one of them before loses it.
local owners, lists, changes = unpack(KEYS)
local site, at = ARGV[1], tonumber(ARGV[2])
local keys = { owners = owners, lists = lists, changes = changes }

local function set_at(other)
  return tonumber(redis.call('ZSCORE', changes, other) or '0')
end

local function list_without(other, hostname)
  local rest = {}
  for name in string.gmatch(redis.call('HGET', lists, other) or '', ' (%S+)') do
    if name ~= hostname then rest[#rest + 1] = name end
  end
  return rest
end

if set_at(site) >= at then return { 'known' } end

local hostnames = {}
for _, name in ipairs({ unpack(ARGV, 3) }) do
  local owner = redis.call('HGET', owners, name)
  local is_other = owner and owner ~= site
  if not is_other or set_at(owner) < at then hostnames[#hostnames + 1] = name end
  if is_other and set_at(owner) < at then own_hostnames(keys, owner, set_at(owner), list_without(owner, name)) end
end
own_hostnames(keys, site, at, hostnames)
return { 'restored' }
