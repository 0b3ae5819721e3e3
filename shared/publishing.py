"""What changes a page: a version is saved, one goes live, the page is taken off, called off, moved.

Every change is one script in one round trip: it happens as a whole or not at all, and sent again it happens once.
"""

from typing import Any, NamedTuple

import msgspec

from shared.connection import Client
from shared.errors import Conflict
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.keys import GROUP, Keys
from shared.pages import check_page, missing
from shared.publications import no_publication
from shared.records import Publication, Version, decode_publication, decode_version
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings
from shared.sites import no_site
from shared.titles import folded, title_of
from shared.versions import no_version

_SAVED = msgspec.json.Encoder()


class Accepted(NamedTuple):
    """What a change made.

    Attributes:
        version: the saved version, without its config; None where none was saved.
        publication: the publication as it stands now; None where none was asked for.
        replayed: an earlier request with the same key made it.
    """

    version: Version | None
    publication: Publication | None
    replayed: bool


class Publishing:
    """Changes pages.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def save(
        self, site: str, page: str, config: bytes, note: str, *, publish: bool, request: Request
    ) -> Accepted:
        """Store a version and, if asked, publish it: both or neither, in one round trip.

        Args:
            config: the config's JSON, from `encode_config`.
            note: what the author says about it.
            publish: whether it shall go live.

        Raises:
            NotFound: no such site.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        script_keys = [
            names.site(site),
            names.pages(site),
            names.head(site, page),
            names.versions(site, page),
            names.publications(site, page),
            names.idempotency(site, scoped(request)),
            *self._queue(site),
        ]
        tail = b'"author":%b,"note":%b,"config":%b}' % (
            _SAVED.encode(request.actor),
            _SAVED.encode(note),
            config,
        )
        about, title = about_change(site, page, request, self._settings), title_of(config)
        arguments = [*about, tail, int(publish), GROUP, title, folded(title)]
        answer = await run(self._client, Call(script("publish"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"no-site":
            raise no_site(site)
        refuse_mismatch(outcome)
        if not answer[1]:
            raise await missing(self._client, names, site, page)
        version = decode_version(answer[1])
        publication = decode_publication(answer[2]) if answer[2] else None
        return Accepted(version, publication, outcome == b"replayed")

    async def republish(self, site: str, page: str, version: int, request: Request) -> Accepted:
        """Publish a version that exists; live at once where its artifact is kept.

        Raises:
            NotFound: no such page or version.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        script_keys = [
            names.head(site, page),
            names.versions(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.artifacts(site, page),
            names.idempotency(site, scoped(request)),
            *self._queue(site),
            names.unserved(names.partition(site)),
        ]
        arguments = [*about_change(site, page, request, self._settings), version, GROUP]
        answer = await run(self._client, Call(script("republish"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"no-page":
            raise await missing(self._client, names, site, page)
        if outcome == b"no-version":
            raise no_version(version)
        return await self._accepted(site, page, answer)

    async def unpublish(self, site: str, page: str, request: Request) -> Accepted:
        """Take a page off.

        Raises:
            NotFound: no such page.
            Conflict: nothing is live.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.idempotency(site, scoped(request)),
            names.events(partition),
            names.open(partition),
            names.unserved(partition),
        ]
        arguments = about_change(site, page, request, self._settings)
        answer = await run(self._client, Call(script("unpublish"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"not-live":
            await check_page(self._client, names, site, page)
            raise Conflict(f"Nothing of {site}/{page} is live.", "publish a version first")
        return await self._accepted(site, page, answer)

    async def cancel(self, site: str, page: str, seq: int, request: Request) -> Accepted:
        """Call a publication off that waits for its build.

        Raises:
            NotFound: no such page or publication.
            Conflict: it is being built, or has ended.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.idempotency(site, scoped(request)),
            names.events(partition),
            names.open(partition),
            names.rebuilds(site),
        ]
        arguments = [*about_change(site, page, request, self._settings), seq]
        answer = await run(self._client, Call(script("cancel"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"unknown":
            await check_page(self._client, names, site, page)
            raise no_publication(seq)
        if outcome == b"too-late":
            raise _too_late(decode_publication(answer[1]))
        return await self._accepted(site, page, answer)

    async def move(self, site: str, page: str, to: str, request: Request) -> Accepted:
        """Move a page to another slug of its site; the old one leads there from now on.

        Args:
            to: a slug that no page had, or that leads to this page since it was moved away from there.

        Raises:
            NotFound: no such page.
            Conflict: the slug is or was another page's, or a publication of the page has not ended.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        script_keys = [names.pages(site)]
        for slug in (page, to):
            script_keys += [names.head(site, slug), names.versions(site, slug), names.publications(site, slug)]
            script_keys += [names.page(site, slug), names.artifacts(site, slug)]
        script_keys += [names.idempotency(site, scoped(request)), *self._queue(site)]
        partition = names.partition(site)
        script_keys += [names.unserved(partition), names.draft(site, page), names.draft(site, to)]
        script_keys += [names.schedules(site), names.scheduled(partition)]
        script_keys += [names.shares(site, page), names.shares(site, to)]
        arguments = [*about_change(site, page, request, self._settings), to, GROUP]
        answer = await run(self._client, Call(script("move"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"no-page":
            raise await missing(self._client, names, site, page)
        if outcome == b"taken":
            raise Conflict(f"The slug {to!r} is or was another page's.", "choose a slug that was never used").at("/to")
        if outcome == b"under-way":
            raise Conflict(f"A publication of {site}/{page} has not ended.", "wait until it has, then move the page")
        return await self._accepted(site, to, answer)

    async def _accepted(self, site: str, page: str, answer: Any) -> Accepted:
        """A publication that a script made, or had made.

        Raises:
            NotFound: it had, and the page was moved since.
            IdempotencyMismatch: the key was used with another request.
        """
        refuse_mismatch(answer[0])
        if not answer[1]:
            raise await missing(self._client, self._keys, site, page)
        return Accepted(None, decode_publication(answer[1]), answer[0] == b"replayed")

    def _queue(self, site: str) -> list[str]:
        partition = self._keys.partition(site)
        return [self._keys.events(partition), self._keys.open(partition), *self._keys.lane(partition)]


def about_change(site: str, page: str, request: Request, settings: Settings) -> list[Argument]:
    """What the scripts that change a page want to know first: of what, by whom, and how long it is remembered."""
    keep_ms = settings.events_keep_s * 1000
    return [site, page, request.actor, request.traceparent, keep_ms, *remembering(request, settings)]


def _too_late(publication: Publication) -> Conflict:
    if publication.state == "building":
        mend = "wait until it is live, then go back to the version before with POST …/publications"
        return Conflict(f"Publication {publication.seq} is being built.", mend)
    return Conflict(f"Publication {publication.seq} is {publication.state}.", "there is nothing left to call off")
