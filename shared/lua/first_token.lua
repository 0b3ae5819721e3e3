-- Makes the first token, where there is none yet.
--
-- KEYS  1 tokens  hash of digests
-- ARGV  1 digest, 2 record  JSON of whom the token stands for
--
-- Answers 1 where the token is this one, 0 where there are others: running twice, after a lost answer, is not a clash.
--
-- Side effects: 1 the token is listed.
local tokens = KEYS[1]
local digest, record = unpack(ARGV)

if redis.call('HLEN', tokens) == 0 then redis.call('HSET', tokens, digest, record) end
return redis.call('HEXISTS', tokens, digest)
