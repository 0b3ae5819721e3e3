--! reads only
-- Looks up a token that belongs to no account.
--
-- KEYS  1 tokens  hash of digests
-- ARGV  1 digest
--
-- Answers its record, nil where there is none.
return redis.call('HGET', KEYS[1], ARGV[1])
