--! with account_lib
-- Gives an account its roles, in place of those it had.
--
-- KEYS  1 records, 2 members
-- ARGV  1 id, 2 roles  JSON
--
-- Answers {'unknown'} | {'last'} nobody would administer | {'set', record}.
--
-- Side effects: 1 the roles.
local k = { records = KEYS[1], members = KEYS[2] }
local account = load_account(k, ARGV[1])
if not account then return { 'unknown' } end
local roles = cjson.decode(ARGV[2])
if roles['*'] ~= 'admin' and is_last(k, account) then return { 'last' } end
return { 'set', give_roles(k, account, roles) }
