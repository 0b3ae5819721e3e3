-- Reads a page at one instant, together with the newest event of its partition.
--
-- KEYS  1 head, 2 publications, 3 published, 4 events, 5 applied
--
-- Answers {head as a flat hash, wanted JSON or false, live JSON or false, etag or false, newest event id or false,
-- what each server has applied as a flat hash}.
local head, publications, published, events, applied = unpack(KEYS)
local seqs = redis.call('HMGET', head, 'wanted_seq', 'live_seq')
local records = redis.call('HMGET', publications, seqs[1] or '0', seqs[2] or '0')
local newest = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)
return { redis.call('HGETALL', head), records[1], records[2], redis.call('HGET', published, 'etag'),
  newest[1] and newest[1][1] or false, redis.call('HGETALL', applied) } -- a nil would end the answer early
