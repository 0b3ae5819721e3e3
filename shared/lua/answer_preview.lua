-- Answers whoever waits for a preview, and keeps the page for whoever fetches it.
--
-- KEYS  1 preview   hash with a TTL
--       2 previews  stream: the lane
--       3 mailbox   list with a TTL: what the waiting process reads
-- ARGV  1 entry       id of the entry that asked
--       2 letter      what is told
--       3 mailbox_ms  how long the letter lies there
--       4 keep_ms     how long the page is kept; this and what follows only where there is one
--       5 fingerprint, 6 etag, 7 size, 8 csp, 9 body  compressed
--
-- Answers {'answered'}.
--
-- Side effects: 1 the page is kept; 2 the entry is deleted; 3 the letter is there.
local preview, previews, mailbox = unpack(KEYS)
local entry, letter, mailbox_ms, keep_ms, fingerprint, etag, size, csp, body = unpack(ARGV)

if keep_ms then
  redis.call('HSET', preview, 'fingerprint', fingerprint, 'etag', etag, 'size', size, 'csp', csp, 'body', body)
  redis.call('PEXPIRE', preview, keep_ms)
end
redis.call('XDEL', previews, entry)
redis.call('RPUSH', mailbox, letter)
redis.call('PEXPIRE', mailbox, mailbox_ms)
return { 'answered' }
