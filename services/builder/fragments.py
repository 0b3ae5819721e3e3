"""Rendered parts of pages, kept: a page with one widget of twelve changed renders one.

Keys are all that a fragment depends on, byte for byte, so an entry is never wrong and never has to be dropped for it.
Bounded by bytes; what was not used for longest goes first.
"""

from collections import OrderedDict

# What an entry costs beside its bytes: two bytes objects, a link and a slot of the dictionary.
ENTRY_BYTES = 250


class Fragments:
    """Least recently used cache of rendered fragments.

    Args:
        most_bytes: bound of keys and fragments together; 0 keeps nothing.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, key: bytes) -> bytes | None:
        """The fragment of a key, which becomes the youngest."""
        fragment = self._kept.get(key)
        if fragment is not None:
            self._kept.move_to_end(key)
        return fragment

    def keep(self, key: bytes, fragment: bytes) -> bytes:
        """Keep a fragment, unless it is larger than all the room there is, and hand it back."""
        cost = _cost(key, fragment)
        if cost <= self.most_bytes and key not in self._kept:
            self._kept[key] = fragment
            self.bytes += cost
            while self.bytes > self.most_bytes:
                self.bytes -= _cost(*self._kept.popitem(last=False))
        return fragment


def _cost(key: bytes, fragment: bytes) -> int:
    return len(key) + len(fragment) + ENTRY_BYTES
