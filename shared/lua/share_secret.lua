-- The secret by which addresses of shares are signed; made where there is none.
--
-- KEYS  1 secret  string
-- ARGV  1 fresh   what it becomes where there is none
--
-- Answers the secret: of several that ask at once, all get the same.
--
-- Side effects: 1 it is there.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
