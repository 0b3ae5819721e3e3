"""Passwords: argon2id in a pool of two threads, with a bound of how many wait.

One hash takes 64 MiB and about 100 ms of a core, so whoever sends many passwords could take all memory and all cores.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from shared.accounts.records import name_key
from shared.errors import Busy, Invalid

AT_ONCE = 2
MOST_WAITING = 16
PASSWORD_MEND = "use 10 to 200 characters; a few words that do not belong together are easy to keep in mind"  # noqa: S105

Password = Annotated[str, msgspec.Meta(min_length=10, max_length=200, description=PASSWORD_MEND)]
# What is tried may be anything that was ever allowed, but nothing that takes long to hash.
TriedPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="the password")]

# RFC 9106, section 4, second recommendation, with one lane instead of four: each hash has one core.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
# Of no password. Made with the parameters above, so that holding a password against it takes as long as any other.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=1$cGxhdGVuLW5vYm9keXMtcw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

Outcome = TypeVar("Outcome")


def refuse_name(password: str, name: str) -> None:
    """Refuse a password that is the name of its account, which everybody knows.

    Raises:
        Invalid: it is.
    """
    if name_key(password).strip() == name_key(name).strip():
        raise Invalid("The password is the name.", pointer="/password", mend=PASSWORD_MEND)


class Passwords:
    """Hashes passwords, and holds them against hashes. Threads are started when the first one comes.

    Args:
        most_waiting: how many may wait for a thread.
    """

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._most, self._under_way = AT_ONCE + most_waiting, 0

    async def hash(self, password: str) -> str:
        """What is stored of a password.

        Raises:
            Busy: too many wait.
        """
        return await self._do(lambda: _HASHER.hash(_normal(password)))

    async def is_right(self, password: str, stored: str) -> bool:
        """Whether a password is the one of a hash.

        Args:
            stored: a hash, "" where there is none; then the answer is no, and takes as long.

        Raises:
            Busy: too many wait.
        """
        return await self._do(lambda: _verify(stored or _NOBODYS, _normal(password)))

    @staticmethod
    def is_outdated(stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return _HASHER.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _do(self, work: Callable[[], Outcome]) -> Outcome:
        if self._under_way >= self._most:
            raise Busy("More people sign in just now than can be let in at once; nothing was changed.")
        self._under_way += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # A caller that is cancelled gives no thread free.
        future.add_done_callback(self._on_done)
        return await asyncio.shield(future)

    def _on_done(self, future: "asyncio.Future[Outcome]") -> None:
        self._under_way -= 1
        if not future.cancelled():
            future.exception()


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    # Keyboards differ in how they send the same letter.
    return unicodedata.normalize("NFKC", password)
