"""How pages are stored: Zstandard, from the standard library since Python 3.14 and from its backport before."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from shared.errors import Undecodable

LEVEL = 3
MOST_BYTES = 64 * 1024 * 1024
# What a browser must be able to keep of a page while it decompresses it (RFC 9659). `compress` asks for a fourth of it.
MOST_WINDOW_BYTES = 8 * 1024 * 1024


def compress(data: bytes) -> bytes:
    """Compress a page; the same bytes always give the same bytes."""
    return zstd.compress(data, LEVEL)


def decompress(data: bytes, most: int = MOST_BYTES) -> bytes:
    """Get a page back.

    Args:
        data: what `compress` made.
        most: bound of the result in bytes.

    Raises:
        Undecodable: it is not one frame such as `compress` makes, or is larger than allowed.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        page = decompressor.decompress(data, max_length=most)
    except zstd.ZstdError as error:
        raise Undecodable(f"not a compressed page: {error}") from error
    if not decompressor.eof:
        raise Undecodable(f"not a whole compressed page of at most {most} bytes")
    if decompressor.unused_data:
        raise Undecodable("something follows the compressed page")
    return page


def is_for_browsers(data: bytes) -> bool:
    """Whether every client that takes Zstandard can decompress these bytes.

    Args:
        data: a page that was decompressed.
    """
    return _window_bytes(data) <= MOST_WINDOW_BYTES


def _window_bytes(frame: bytes) -> int:
    """How much must be kept to decompress a frame (RFC 8878, section 3.1.1.1)."""
    is_single_segment = frame[4] & 0x20
    if is_single_segment:
        return zstd.get_frame_info(frame).decompressed_size or 0
    exponent, mantissa = frame[5] >> 3, frame[5] & 7
    base = 1 << (10 + exponent)
    return base + base // 8 * mantissa
