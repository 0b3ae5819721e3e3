"""Hostnames: which site answers under which name.

A name belongs to one site among all, whatever partition that lives in, so the map has a slot of its own: owners, lists
and changes are written together by one script. Each change has a time above all earlier ones. Whoever knows the
newest time finds what came after it, so nothing depends on the event that tells of a change at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

from shared.connection import Client, translated
from shared.errors import Conflict
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.keys import HOSTNAME_CHANGES, HOSTNAME_LISTS, HOSTNAME_OWNERS, Keys, hostnames_idempotency
from shared.scripts import Call, refuse_unavailable, run, run_all, script
from shared.settings import Settings

MOST_HOSTNAMES = 20
_MAP = (HOSTNAME_OWNERS, HOSTNAME_LISTS, HOSTNAME_CHANGES)


class SiteNames(NamedTuple):
    """The hostnames of a site.

    Attributes:
        site: its slug.
        at: when they were set, milliseconds by Redis's clock; higher than that of every earlier change.
        hostnames: in the order in which they were given.
    """

    site: str
    at: int
    hostnames: tuple[str, ...]


class HostnameTaken(Conflict):
    """A hostname is another site's.

    Args:
        hostname: the name.
        owner: slug of that site. Whoever has a token may see every site, so the refusal names it.
    """

    def __init__(self, hostname: str, owner: str) -> None:
        super().__init__(
            f"The hostname {hostname!r} belongs to the site {owner!r}.", "take it from there first, or use another name"
        )
        self.hostname = hostname


class HostnameStore:
    """The map of hostnames in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def set(self, site: str, hostnames: Sequence[str], request: Request) -> tuple[SiteNames, bool]:
        """Give a site its hostnames, in place of those it had.

        Args:
            site: slug of a site that exists.
            hostnames: in their canonical spelling, none twice.

        Returns:
            the site's hostnames as they stand now, and whether an earlier request with the same key set them.

        Raises:
            HostnameTaken: one is another site's; nothing was changed.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        remembered = hostnames_idempotency(site, scoped(request))
        arguments = [site, *remembering(request, self._settings), *hostnames]
        answer = await run(self._client, Call(script("set_hostnames"), [*_MAP, remembered], arguments))
        refuse_mismatch(answer[0])
        if answer[0] == b"taken":
            raise HostnameTaken(answer[1].decode(), answer[2].decode())
        names = _read(site, answer[1])
        await self._tell([names], request.actor, request.traceparent)
        return names, answer[0] == b"replayed"

    async def refuse_taken(self, site: str, hostnames: Sequence[str]) -> None:
        """Raises: HostnameTaken, where one of some hostnames is another site's now."""
        if not hostnames:
            return
        with translated():
            owners = await self._client.hmget(HOSTNAME_OWNERS, list(hostnames))
        for name, owner in zip(hostnames, owners, strict=True):
            if owner is not None and owner.decode() != site:
                raise HostnameTaken(name, owner.decode())

    async def of(self, sites: Sequence[str]) -> list[SiteNames]:
        """The hostnames of some sites, in the same order."""
        if not sites:
            return []
        with translated():
            entries = await self._client.hmget(HOSTNAME_LISTS, list(sites))
        return [_read(site, entry or b"") for site, entry in zip(sites, entries, strict=True)]

    async def newest(self) -> int:
        """Time of the newest change, 0 before the first."""
        with translated():
            found = await self._client.zrevrange(HOSTNAME_CHANGES, 0, 0, withscores=True)
        return int(found[0][1]) if found else 0

    async def changes(self, after: int, limit: int) -> tuple[list[SiteNames], int]:
        """What was set after a time, oldest first.

        Args:
            after: milliseconds, as in `SiteNames.at`.
            limit: most sites.

        Returns:
            the hostnames of those sites as they stand now, and the time up to which these are all.
        """
        with translated():
            found = await self._client.zrangebyscore(
                HOSTNAME_CHANGES, f"({after}", "+inf", start=0, num=limit, withscores=True
            )
        if not found:
            return [], after
        return await self.of([site.decode() for site, _ in found]), int(found[-1][1])

    async def witness(self, known: Sequence[SiteNames], traceparent: str) -> list[str]:
        """Write back what Redis has older or not at all; never lowers anything.

        Args:
            known: oldest change first.
            traceparent: W3C trace context.

        Returns:
            the sites whose hostnames were written back.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; any of them may have been.
        """
        calls = [Call(script("witness_hostnames"), _MAP, [site, at, *names]) for site, at, names in known]
        answers = await run_all(self._client, calls)
        refuse_unavailable(answers)
        restored = [held for held, answer in zip(known, answers, strict=True) if answer == [b"restored"]]
        await self._tell(restored, "restored", traceparent)
        return [held.site for held in restored]

    async def _tell(self, changes: Sequence[SiteNames], actor: str, traceparent: str) -> None:
        keep_ms, keys = self._settings.events_keep_s * 1000, self._keys
        calls = [
            Call(
                script("tell_hostnames"),
                [keys.site(site), keys.events(keys.partition(site))],
                [site, actor, traceparent, keep_ms, at, hostnames[0] if hostnames else ""],
            )
            for site, at, hostnames in changes
        ]
        refuse_unavailable(await run_all(self._client, calls))


def _read(site: str, entry: bytes) -> SiteNames:
    at, *hostnames = entry.decode().split() or ["0"]
    return SiteNames(site, int(at), tuple(hostnames))
