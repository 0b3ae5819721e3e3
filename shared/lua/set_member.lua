--! with account_lib
-- Gives somebody a role on a site; an account is made where there is none.
--
-- KEYS  1 records, 2 names, 3 order, 4 members, 5 invited, 6 invitation
-- ARGV  1 id      of the account, where one is made
--       2 name, 3 key, 4 site, 5 role
--       6 digest, 7 prefix, 8 keep_ms   of the invitation; prefix of such keys
--       9 most_accounts, 10 most_members, 11 most_places
--
-- Answers {'full'} | {'crowded'} | {'set', record, end of the invitation or '0'}.
--
-- An account that was never used and holds no role elsewhere is invited anew. Any other is not: whoever manages one site
-- would get at what it may do on others.
--
-- Side effects: 1 the account; 2 its role; 3 an invitation.
local k = { records = KEYS[1], names = KEYS[2], order = KEYS[3], members = KEYS[4], invited = KEYS[5] }
local id, name, key, site, role = unpack(ARGV)
local invitation = { key = KEYS[6], digest = ARGV[6], prefix = ARGV[7], keep_ms = tonumber(ARGV[8]) }

local known = redis.call('HGET', k.names, key)
local account = known and load_account(k, known)
if not account and redis.call('HLEN', k.records) >= tonumber(ARGV[9]) then return { 'full' } end
local places = 0
for _ in pairs(account and account.roles or {}) do places = places + 1 end
local is_member = account and account.roles[site]
if not is_member and (places >= tonumber(ARGV[11]) or #of_site(k, site) >= tonumber(ARGV[10])) then return { 'crowded' } end

local at = now_ms()
if not account then
  account = cjson.decode(create_account(k, id, name, key, { [site] = role }, at))
else
  local roles = {}
  for other, held in pairs(account.roles) do roles[other] = held end
  roles[site] = role
  give_roles(k, account, roles)
end
local is_only_here = places == 0 or (places == 1 and is_member)
local ends_at = '0'
if account.joined_at == 0 and is_only_here then ends_at = invite(k, account, invitation, at) end
return { 'set', cjson.encode(account), ends_at }
