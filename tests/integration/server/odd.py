"""Requests made of pieces that are mostly plain and now and then odd, so that one meets what is fine."""

from hypothesis import strategies as st

# A target and a Host that both ways know; what stands in the same place and is odd, one a line.
PLAIN_TARGET, PLAIN_HOST = b"/acme/spring", b"Host: pages.test"
ODD_TARGETS = rb"""
/
*
/acme
/acme/gone
//acme/spring
/acme//spring
/acme/spring/
/acme/spring;x
/acme/spring?%
/acme/spring?a\b^`{|}"<>
/acme/spring#x
/acme/spring?#x
/acme/sprin%67
/acme%2fspring
/acme/./spring
\\acme\spring
http://pages.test/acme/spring
http://pages.test
pages.test:80
""".split()
ODD_HOSTS = rb"""
host:pages.test
HOST: pages.test:8080
Host: [::1]:80
Host: pages.test:
Host:
Host : pages.test
 Host: pages.test
Host: a b
Host: a/b
Host: ,
X: y
""".strip(b"\n").split(b"\n")
MORE = rb"""
Accept: */*
Accept-Encoding: gzip, br
If-None-Match: *
X-Empty:
X
:x
Connection: close
Connection: keep-alive
connection: Keep-Alive
Connection:
Connection: x
Connection: upgrade
Upgrade: h2c
Content-Length: 0
Content-Length: 5
Content-Length: 05
content-length: -1
Content_Length: 5
Transfer-Encoding: chunked
Transfer-Encoding: Chunked
Transfer-Encoding: identity
Transfer-Encoding : chunked
Transfer_Encoding: chunked
Trailer: x
Expect: 100-continue
Range: bytes=0-1
Cookie: a=b
Host: pages.test
""".strip(b"\n").split(b"\n")
MORE += [b"X: \xff\x80", b"X: a\x0bb", b"X\x80: a", b"", b"X: " + b"y" * 32_700]
MORE += [b"\r\n".join([b"X: y"] * count) for count in (97, 98, 99, 100)]


def mostly(plain: bytes, odd: list[bytes], weight: int) -> st.SearchStrategy[bytes]:
    """Something plain, so many times as often as all that is odd."""
    return st.sampled_from([plain] * (weight * len(odd)) + odd)


METHODS = mostly(b"GET", [b"HEAD", b"POST", b"get", b"GETX", b"", b" GET", b"GET ", b"OPTIONS", b"QUERY"], 2)
TARGETS = mostly(PLAIN_TARGET, [*ODD_TARGETS, b"", b"/acme/spring?\xe4"], 1)
VERSIONS = mostly(b"HTTP/1.1", [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.1 ", b"http/1.1", b""], 3)
HOSTS = mostly(PLAIN_HOST, ODD_HOSTS, 1)
SPACES = mostly(b"", [b" ", b"\t", b" \t "], 3)
ENDS = mostly(b"\r\n", [b"\n", b"\r", b"\r\r\n", b"\r\n ", b"\0\r\n"], 12)
BODIES = mostly(b"", [b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\nHost: x\r\n\r\n", b"\r\n"], 2)


@st.composite
def odd_requests(draw: st.DrawFn) -> bytes:
    """A request, with a body that may be none of its own."""
    first = b" ".join([draw(METHODS), draw(TARGETS), draw(VERSIONS)]) + draw(ENDS)
    lines = [draw(HOSTS), *draw(st.lists(st.sampled_from(MORE), max_size=2))]
    return first + b"".join([line + draw(SPACES) + draw(ENDS) for line in lines]) + draw(ENDS) + draw(BODIES)
