"""How pages are stored: Zstandard, from the standard library since Python 3.14 and from its backport before."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from shared.errors import Undecodable

LEVEL = 3
MOST_BYTES = 64 * 1024 * 1024


def compress(data: bytes) -> bytes:
    """Compress a page; the same bytes always give the same bytes."""
    return zstd.compress(data, LEVEL)


def decompress(data: bytes, most: int = MOST_BYTES) -> bytes:
    """Get a page back.

    Args:
        data: what `compress` made.
        most: bound of the result in bytes.

    Raises:
        Undecodable: it is not what `compress` made, or is larger than allowed.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        page = decompressor.decompress(data, max_length=most)
    except zstd.ZstdError as error:
        raise Undecodable(f"not a compressed page: {error}") from error
    if not decompressor.eof:
        raise Undecodable(f"not a whole compressed page of at most {most} bytes")
    return page
