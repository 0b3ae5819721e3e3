--! with account_lib
-- Opens a session for somebody who proved who they are, in place of the one they came with.
--
-- KEYS  1 session, 2 sessions  list of the account's
--       3 records, 4 passwords
--       5 old       the session that the request came with; any other key where it came with none
--       6 both, 7 known   tries with this name from this address; exists where they signed in from there before
-- ARGV  1 account, 2 digest, 3 id, 4 agent
--       5 idle_ms, 6 keep_ms
--       7 proved    the hash that the password was held against, '' where it was not
--       8 password  a new hash, '' for none
--       9 ends_others   '1' where all other sessions end
--       10 prefix, 11 most   of sessions
--       12 known_ms  how long the address stays known, 0 where it does not become it
--
-- Answers {'changed'} the password is another one by now | {'unknown'} | {'opened', record, ends_at}.
--
-- Side effects: 1 the old session is gone, and the others where that is asked; 2 the new one; 3 the oldest beyond `most`
-- are gone; 4 the password; 5 the address is known, and tries are forgotten.
local session, sessions, records, passwords = unpack(KEYS)
local account, digest, id, agent = unpack(ARGV)
local prefix = ARGV[10]

local record = redis.call('HGET', records, account)
if not record then return { 'unknown' } end
if ARGV[7] ~= '' and redis.call('HGET', passwords, account) ~= ARGV[7] then return { 'changed' } end

redis.call('DEL', KEYS[5])
if ARGV[9] == '1' then end_all(sessions, prefix) end
if ARGV[8] ~= '' then redis.call('HSET', passwords, account, ARGV[8]) end
local at = now_ms()
local ends_at = at + tonumber(ARGV[6])
redis.call('HSET', session, 'id', id, 'account', account, 'created_at', digits(at), 'seen_at', digits(at),
  'ends_at', digits(ends_at), 'idle_ms', ARGV[5], 'agent', agent)
redis.call('PEXPIREAT', session, digits(math.min(ends_at, at + tonumber(ARGV[5]))))
redis.call('HSET', sessions, id, digest)
outlive(sessions, ends_at)
sweep(sessions, prefix, tonumber(ARGV[11]))
if ARGV[12] ~= '0' then
  redis.call('SET', KEYS[7], '1', 'PX', ARGV[12])
  redis.call('DEL', KEYS[6])
end
return { 'opened', record, digits(ends_at) }
