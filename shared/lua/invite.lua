--! with account_lib
-- Makes an invitation to an account that is there, in place of the one before: to join, or to choose a new password.
--
-- KEYS  1 records, 2 invited, 3 invitation
-- ARGV  1 id, 2 digest, 3 prefix, 4 keep_ms  of the invitation; prefix of such keys
--
-- Answers {'unknown'} | {'invited', record, end of the invitation}.
--
-- Side effects: 1 the invitation.
local k = { records = KEYS[1], invited = KEYS[2] }
local account = load_account(k, ARGV[1])
if not account then return { 'unknown' } end
local invitation = { key = KEYS[3], digest = ARGV[2], prefix = ARGV[3], keep_ms = tonumber(ARGV[4]) }
return { 'invited', cjson.encode(account), invite(k, account, invitation, now_ms()) }
