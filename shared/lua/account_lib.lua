-- What the scripts of accounts have in common. `k` has the keys of the accounts' slot by name: records, names, order,
-- members, invited. A record is the JSON of shared/accounts/records.py's Account.

local function load_account(k, id)
  local json = redis.call('HGET', k.records, id)
  return json and cjson.decode(json)
end

local function save_account(k, account)
  local json = cjson.encode(account)
  redis.call('HSET', k.records, account.id, json)
  return json
end

-- Gives an account its roles, in place of those it had.
local function give_roles(k, account, roles)
  for site in pairs(account.roles) do redis.call('ZREM', k.members, site .. ' ' .. account.id) end
  for site in pairs(roles) do redis.call('ZADD', k.members, 0, site .. ' ' .. account.id) end
  account.roles = roles
  return save_account(k, account)
end

local function create_account(k, id, name, key, roles, at)
  redis.call('HSET', k.names, key, id)
  redis.call('ZADD', k.order, 0, key)
  return give_roles(k, { id = id, name = name, roles = {}, created_at = at, joined_at = 0 }, roles)
end

local function of_site(k, site)
  return redis.call('ZRANGEBYLEX', k.members, '[' .. site .. ' ', '(' .. site .. '!')
end

local function administers(account)
  return account.joined_at > 0 and account.roles['*'] == 'admin'
end

-- Whether nobody could sign in as an administrator without this account.
local function is_last(k, account)
  if not administers(account) then return false end
  for _, member in ipairs(of_site(k, '*')) do
    local other = load_account(k, string.sub(member, 3))
    if other and other.id ~= account.id and administers(other) then return false end
  end
  return true
end

-- Makes an invitation the account's only one. `invitation` has key, digest, prefix and keep_ms. Returns when it ends.
local function invite(k, account, invitation, at)
  local before = redis.call('HGET', k.invited, account.id)
  if before then redis.call('DEL', invitation.prefix .. before) end
  local ends_at = at + invitation.keep_ms
  local json = cjson.encode({ account = account.id, name = account.name, expires_at = ends_at })
  redis.call('SET', invitation.key, json, 'PX', invitation.keep_ms)
  redis.call('HSET', k.invited, account.id, invitation.digest)
  return digits(ends_at)
end

-- Takes away what a list of ids and digests names: sessions, or tokens.
local function end_all(list, prefix)
  for _, digest in ipairs(redis.call('HVALS', list)) do redis.call('DEL', prefix .. digest) end
  redis.call('DEL', list)
end

-- Forgets in such a list what has ended by itself, then the oldest beyond `most`; ids begin with their time.
-- Returns how many are left.
local function sweep(list, prefix, most)
  local ids, digests = {}, {}
  local found = redis.call('HGETALL', list)
  for i = 1, #found, 2 do
    if redis.call('EXISTS', prefix .. found[i + 1]) == 1 then
      ids[#ids + 1], digests[found[i]] = found[i], found[i + 1]
    else
      redis.call('HDEL', list, found[i])
    end
  end
  table.sort(ids)
  for i = 1, #ids - most do
    redis.call('DEL', prefix .. digests[ids[i]])
    redis.call('HDEL', list, ids[i])
  end
  return math.min(#ids, most)
end

-- Lets a list live as long as the longest that it names.
local function outlive(list, ends_at)
  local now_ends = redis.call('PEXPIRETIME', list)
  if now_ends < ends_at then redis.call('PEXPIREAT', list, digits(ends_at)) end
end
