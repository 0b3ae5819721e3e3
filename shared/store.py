"""Sites, versions, publications and published pages: what the api writes and everybody reads.

Every write is one script in one round trip. Reads that belong together are one transaction.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec

from shared.connection import Client, translate, translated
from shared.errors import Conflict, IdempotencyMismatch, NotFound, Unavailable
from shared.keys import GROUP, Keys
from shared.records import (
    Head,
    ListedVersion,
    Publication,
    PublishedPage,
    SavedVersion,
    Site,
    Version,
    decode_head,
    decode_meta,
    decode_publication,
    decode_saved_version,
    decode_version,
)
from shared.scripts import Argument, Call, run, run_all, script
from shared.servers import Report, read_reports, with_served
from shared.settings import Settings
from shared.streams import START, position

_PUBLISHED_FIELDS = ("seq", "version", "etag", "csp", "built_at", "body", "moved")
_SAVED = msgspec.json.Encoder()


class Request(NamedTuple):
    """Who asks for a change, and how to know the same asking again.

    Attributes:
        actor: who asks, as people call them.
        traceparent: W3C trace context.
        idempotency_key: the caller's, or one made for this request alone.
        fingerprint: digest of what is asked; the same key with another one is refused.
        scope: whose the key is; the actor's where nothing is given.
    """

    actor: str
    traceparent: str
    idempotency_key: str
    fingerprint: str
    scope: str = ""


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


class ChangedSite(NamedTuple):
    """A site that was created or changed.

    Attributes:
        site: the site.
        replayed: an earlier request with the same key did it.
    """

    site: Site
    replayed: bool


class PageState(NamedTuple):
    """A page at one instant.

    Attributes:
        position: the newest event of its partition at that instant.
        head: counters, what is wanted, what is live.
        wanted: the newest publication, None before the first.
        live: the publication visitors get, None where nothing was ever live.
        etag: hash of the bytes visitors get, "" where there are none.
    """

    position: str
    head: Head
    wanted: Publication | None
    live: Publication | None
    etag: str


class Mark(NamedTuple):
    """What tells one publication of a page from another.

    Attributes:
        seq: the publication; 0 where nothing was ever live.
        etag: hash of its bytes, without quotes; "" where there are none.
    """

    seq: int
    etag: str


class LivePage(NamedTuple):
    """A page that visitors get now.

    Attributes:
        page: its slug.
        built_at: milliseconds since the epoch, UTC.
    """

    page: str
    built_at: int


class Witnessed(NamedTuple):
    """A page as a server holds it.

    Attributes:
        site, page: slugs.
        published: what is held, compressed.
        size: the page's length in bytes, uncompressed.
        followed: the position up to which the server had followed the page's partition.
    """

    site: str
    page: str
    published: PublishedPage
    size: int
    followed: str


# What became of a page that was witnessed: see shared/lua/witness.lua.
Lifted = Literal["known", "counted", "live", "newer", "damaged"]


class _Titled(msgspec.Struct, frozen=True):
    """What lists show of a config."""

    title: str = ""


class Listing(NamedTuple):
    """One stretch of a list.

    Attributes:
        items: what it holds, in order.
        after: where the next stretch begins; "" at the end.
    """

    items: list[Any]
    after: str


class Store:
    """Platen's state in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    # Sites

    async def create_site(self, slug: str, title: str, request: Request) -> ChangedSite:
        """Create a site.

        Raises:
            Conflict: it exists.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        await self.claim("", request)
        site_keys = [self._keys.site(slug), self._keys.sites(self._keys.partition(slug))]
        arguments = [slug, title, scoped(request)]
        answer = await run(self._client, Call(script("create_site"), site_keys, arguments))
        if answer[0] == b"exists":
            mend = "choose another slug, with a new Idempotency-Key, or use the site that is there"
            raise Conflict(f"The site {slug!r} exists.", mend)
        site = Site(slug=slug, title=title, created_at=int(answer[1]))
        return ChangedSite(site, replayed=answer[0] == b"replayed")

    async def set_title(self, slug: str, title: str, request: Request) -> ChangedSite:
        """Give a site another title.

        Raises:
            NotFound: there is no such site.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = [self._keys.site(slug), self._keys.idempotency(slug, scoped(request))]
        arguments: list[Argument] = [title, request.fingerprint, self._settings.idempotency_keep_s]
        answer = await run(self._client, Call(script("set_title"), names, arguments))
        refuse_mismatch(answer[0])
        if answer[0] == b"missing":
            raise no_site(slug)
        site = Site(slug=slug, title=answer[1].decode(), created_at=int(answer[2]))
        return ChangedSite(site, replayed=answer[0] == b"replayed")

    async def site(self, slug: str) -> Site:
        """Raises: NotFound, where there is no such site."""
        with translated():
            title, created_at = await self._client.hmget(self._keys.site(slug), ["title", "created_at"])
        if created_at is None:
            raise no_site(slug)
        return Site(slug=slug, title=title.decode(), created_at=int(created_at))

    async def sites(self, after: str, limit: int) -> Listing:
        """Sites by slug.

        Args:
            after: slug to begin behind, "" for the first.
            limit: most sites.
        """
        slugs: list[str] = []
        for partition in range(self._keys.partitions):
            slugs += await self._slugs(self._keys.sites(partition), after, limit + 1)
        slugs.sort()
        chosen = slugs[:limit]
        return Listing(await self.sites_named(chosen), chosen[-1] if len(slugs) > limit else "")

    async def sites_named(self, slugs: Sequence[str]) -> list[Site]:
        """Those of some sites that there are, in the same order, in one round trip."""
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for slug in slugs:
                pipeline.hmget(self._keys.site(slug), ["title", "created_at"])
            found = await pipeline.execute()
        return [
            Site(slug=slug, title=title.decode(), created_at=int(created_at))
            for slug, (title, created_at) in zip(slugs, found, strict=True)
            if created_at is not None
        ]

    async def defaults(self, slug: str) -> bytes:
        """What new pages of a site begin with: the JSON of a part of a config.

        Raises:
            NotFound: no such site.
        """
        with translated():
            created_at, config = await self._client.hmget(self._keys.site(slug), ["created_at", "defaults"])
        if created_at is None:
            raise no_site(slug)
        found: bytes = config or b"{}"
        return found

    async def set_defaults(self, slug: str, config: bytes, request: Request) -> bool:
        """Set what new pages of a site begin with.

        Args:
            config: JSON of a part of a config.

        Returns:
            whether an earlier request with the same key set it.

        Raises:
            NotFound: no such site.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        script_keys = [self._keys.site(slug), self._keys.idempotency(slug, scoped(request))]
        arguments: list[Argument] = [config, request.fingerprint, self._settings.idempotency_keep_s]
        [outcome] = await run(self._client, Call(script("set_defaults"), script_keys, arguments))
        if outcome == b"no-site":
            raise no_site(slug)
        refuse_mismatch(outcome)
        return bool(outcome == b"replayed")

    # Changes of a page

    async def save_version(
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
        title = _title_of(config)
        folded = "" if title.isascii() else title.casefold()
        arguments = [*self._common(site, page, request), tail, int(publish), GROUP, title, folded]
        answer = await run(self._client, Call(script("publish"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"no-site":
            raise no_site(site)
        refuse_mismatch(outcome)
        if not answer[1]:
            raise await self._missing(site, page)
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
        arguments = [*self._common(site, page, request), version, GROUP]
        answer = await run(self._client, Call(script("republish"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"no-page":
            raise await self._missing(site, page)
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
        answer = await run(self._client, Call(script("unpublish"), script_keys, self._common(site, page, request)))
        outcome = answer[0]
        if outcome == b"not-live":
            await self.page(site, page)
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
        answer = await run(self._client, Call(script("cancel"), script_keys, [*self._common(site, page, request), seq]))
        outcome = answer[0]
        if outcome == b"unknown":
            await self.page(site, page)
            raise _no_publication(seq)
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
        arguments = [*self._common(site, page, request), to, GROUP]
        answer = await run(self._client, Call(script("move"), script_keys, arguments))
        outcome = answer[0]
        if outcome == b"no-page":
            raise await self._missing(site, page)
        if outcome == b"taken":
            raise Conflict(f"The slug {to!r} is or was another page's.", "choose a slug that was never used").at("/to")
        if outcome == b"under-way":
            raise Conflict(f"A publication of {site}/{page} has not ended.", "wait until it has, then move the page")
        return await self._accepted(site, to, answer)

    # Reading a page

    async def page(self, site: str, page: str) -> PageState:
        """A page at one instant.

        Raises:
            NotFound: no such page.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        state = await self.snapshot(site, page)
        if state.head.version == 0 or state.head.moved:
            raise await self._missing(site, page)
        return state

    async def snapshot(self, site: str, page: str) -> PageState:
        """A page at one instant and the event that instant follows; a page that does not exist is all zeros."""
        names, partition = self._keys, self._keys.partition(site)
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.events(partition),
            names.applied(partition),
        ]
        answer = await run(self._client, Call(script("snapshot"), script_keys, []))
        flat, wanted, live, etag, newest, applied = answer
        reports = read_reports(dict(zip(applied[::2], applied[1::2], strict=True)))
        return PageState(
            position=newest.decode() if newest else START,
            head=decode_head(dict(zip(flat[::2], flat[1::2], strict=True))),
            wanted=with_served(decode_publication(wanted), reports) if wanted else None,
            live=with_served(decode_publication(live), reports) if live else None,
            etag=(etag or b"").decode(),
        )

    async def pages(self, site: str, after: str, limit: int) -> Listing:
        """Pages of a site by slug, each with its head.

        Args:
            after: slug to begin behind, "" for the first.
            limit: most pages.

        Raises:
            NotFound: no such site.
        """
        await self.site(site)
        slugs = await self._slugs(self._keys.pages(site), after, limit + 1)
        chosen = slugs[:limit]
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for slug in chosen:
                pipeline.hgetall(self._keys.head(site, slug))
            heads = [decode_head(fields) for fields in await pipeline.execute()]
        return Listing(list(zip(chosen, heads, strict=True)), chosen[-1] if len(slugs) > limit else "")

    async def wanted(self, site: str, heads: Sequence[tuple[str, Head]]) -> list[Publication | None]:
        """The newest accepted publication of each page, in one round trip; None before the first.

        Args:
            heads: pages with their heads, from `pages`.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for page, head in heads:
                pipeline.hget(self._keys.publications(site, page), str(head.wanted_seq))
            found = await pipeline.execute()
        return [decode_publication(json) if json else None for json in found]

    async def versions(self, site: str, page: str, before: int, limit: int) -> Listing:
        """Versions, newest first, without their configs, in one round trip.

        Args:
            before: number to begin below, 0 for the newest.
            limit: most versions.

        Raises:
            NotFound: no such page.
        """
        names = self._keys
        script_keys = [names.head(site, page), names.versions(site, page), names.artifacts(site, page)]
        answer = await run(self._client, Call(script("list_versions"), script_keys, [before, limit]))
        if answer[0] == b"no-page":
            raise await self._missing(site, page)
        _, live, below, *found = answer
        items = [_listed(json, meta, live) for json, meta in zip(found[::2], found[1::2], strict=True)]
        return Listing(items, str(below) if below else "")

    async def version(self, site: str, page: str, number: int) -> SavedVersion:
        """One version with its config.

        Raises:
            NotFound: no such page or version.
        """
        with translated():
            json = await self._client.hget(self._keys.versions(site, page), str(number))
            if json is None:
                await self.page(site, page)
                raise no_version(number)
        return decode_saved_version(json)

    async def publication(self, site: str, page: str, seq: int) -> Publication:
        """One publication.

        Raises:
            NotFound: no such page or publication.
        """
        [json], reports = await self._records(site, page, [str(seq)])
        if json is None:
            await self.page(site, page)
            raise _no_publication(seq)
        return with_served(decode_publication(json), reports)

    async def publications(self, site: str, page: str, before: int, limit: int) -> Listing:
        """Publications, newest first.

        Args:
            before: seq to begin below, 0 for the newest.
            limit: most publications.

        Raises:
            NotFound: no such page.
        """
        state = await self.page(site, page)
        first = min(state.head.seq, before - 1) if before else state.head.seq
        numbers = range(first, max(0, first - limit), -1)
        found, reports = await self._records(site, page, _names(numbers))
        items = [with_served(decode_publication(json), reports) for json in found if json]
        return Listing(items, str(numbers[-1]) if numbers and numbers[-1] > 1 else "")

    # What visitors get

    async def published(self, pages: Sequence[tuple[str, str]]) -> list[PublishedPage | None]:
        """Published pages in one round trip.

        Args:
            pages: (site, page) each.

        Returns:
            in the same order; None where nothing was ever live.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for site, page in pages:
                pipeline.hmget(self._keys.page(site, page), _PUBLISHED_FIELDS)
                pipeline.hgetall(self._keys.head(site, page))
            answers = await pipeline.execute(raise_on_error=False)
            for answer in answers[::2]:
                if isinstance(answer, Exception):
                    raise answer
        return [_published(values, head) for values, head in zip(answers[::2], answers[1::2], strict=True)]

    async def marks(self, pages: Sequence[tuple[str, str]]) -> list[Mark | None]:
        """What is live of some pages, without their bytes, in one round trip.

        Args:
            pages: (site, page) each.

        Returns:
            in the same order; None where what is stored is damaged.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for site, page in pages:
                pipeline.hmget(self._keys.page(site, page), ["seq", "etag"])
            answers = await pipeline.execute(raise_on_error=False)
        return [_mark(answer) for answer in answers]

    async def live_pages(self, site: str, after: str, limit: int) -> Listing:
        """Pages of a site that are live, by slug, in two round trips whatever their number.

        Args:
            after: slug to begin behind, "" for the first.
            limit: most pages to look at; those that are not live count, too.
        """
        slugs = await self._slugs(self._keys.pages(site), after, limit + 1)
        chosen = slugs[:limit]
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            for slug in chosen:
                pipeline.hmget(self._keys.page(site, slug), ["version", "built_at"])
            found = await pipeline.execute()
        live = [
            LivePage(slug, int(built_at))
            for slug, (version, built_at) in zip(chosen, found, strict=True)
            if int(version or 0) > 0
        ]
        return Listing(live, chosen[-1] if len(slugs) > limit else "")

    async def witness(self, pages: Sequence[Witnessed], traceparent: str) -> list[Lifted | Exception]:
        """Write back what Redis no longer knows of some pages, in one round trip; never lowers anything.

        Args:
            pages: as a server holds them.
            traceparent: W3C trace context.

        Returns:
            what became of each, in the same order; an exception where Redis refused it.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away; any of them may have been done.
        """
        answers = await run_all(self._client, [self._witness(held, traceparent) for held in pages])
        return [answer if isinstance(answer, Exception) else answer[0].decode() for answer in answers]

    async def artifact(self, site: str, page: str, version: int) -> PublishedPage | None:
        """The page as a version made it, None where that version was never live or is no longer kept."""
        with translated():
            fields = [str(version), f"{version}:meta"]
            body, meta = await self._client.hmget(self._keys.artifacts(site, page), fields)
        if body is None or meta is None:
            return None
        built = decode_meta(meta)
        return PublishedPage(
            seq=0,
            version=version,
            etag=built.etag,
            csp=built.csp,
            built_at=int(built.built_at),
            body=body,
        )

    # Parts

    async def _accepted(self, site: str, page: str, answer: Any) -> Accepted:
        """A publication that a script made, or had made.

        Raises:
            NotFound: it had, and the page was moved since.
            IdempotencyMismatch: the key was used with another request.
        """
        refuse_mismatch(answer[0])
        if not answer[1]:
            raise await self._missing(site, page)
        return Accepted(None, decode_publication(answer[1]), answer[0] == b"replayed")

    async def _records(self, site: str, page: str, seqs: list[str]) -> tuple[list[bytes | None], list[Report]]:
        """Publications' records, None where there is none, and how far each server is, in one round trip."""
        with translated():
            pipeline: Any = self._client.pipeline(transaction=False)
            pipeline.hgetall(self._keys.applied(self._keys.partition(site)))
            if seqs:
                pipeline.hmget(self._keys.publications(site, page), seqs)
            applied, *found = await pipeline.execute()
        return found[0] if found else [], read_reports(applied)

    def _witness(self, witnessed: Witnessed, traceparent: str) -> Call:
        names, (site, page, held, size, followed) = self._keys, witnessed
        partition = names.partition(site)
        script_keys = [
            names.site(site),
            names.sites(partition),
            names.pages(site),
            names.head(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.artifacts(site, page),
            names.events(partition),
            names.open(partition),
            names.rebuilds(site),
            names.unserved(partition),
            names.versions(site, page),
        ]
        about: list[Argument] = [site, page, traceparent, self._settings.events_keep_s * 1000, position(followed)[0]]
        counters: list[Argument] = [held.seq, held.version, held.top_seq, held.top_version]
        built: list[Argument] = [held.etag, held.csp, size, held.built_at, held.body, held.moved]
        return Call(script("witness"), script_keys, [*about, *counters, *built])

    def _common(self, site: str, page: str, request: Request) -> list[Argument]:
        keep_ms = self._settings.events_keep_s * 1000
        scope = (request.fingerprint, self._settings.idempotency_keep_s)
        return [site, page, request.actor, request.traceparent, keep_ms, *scope]

    def _queue(self, site: str) -> list[str]:
        partition = self._keys.partition(site)
        return [self._keys.events(partition), self._keys.open(partition), *self._keys.lane(partition)]

    async def claim(self, site: str, request: Request) -> None:
        """Tie an idempotency key to one request, before and apart from what it asks for.

        Only for what is written elsewhere than keys are remembered, since what is atomic lives in one slot: a new site
        may be in any partition, and hostnames are in none. Dying in between is harmless, since the same request may
        pass here again. A site that exists uses the key up as well: whether it was there before or a request beside
        this one made it, nobody can tell.

        Args:
            site: whose key it is, "" where sites are created.
            request: the request.

        Raises:
            IdempotencyMismatch: the key was used with another request.
        """
        key = self._keys.idempotency(site, scoped(request))
        with translated():
            pipeline: Any = self._client.pipeline(transaction=True)
            pipeline.hsetnx(key, "fingerprint", request.fingerprint)
            pipeline.hget(key, "fingerprint")
            pipeline.expire(key, self._settings.idempotency_keep_s)
            _, fingerprint, _ = await pipeline.execute()
        refuse_mismatch(b"mismatch" if fingerprint != request.fingerprint.encode() else b"")

    async def _missing(self, site: str, page: str) -> NotFound:
        """What a page that does not exist lacks: its site, or a first version; or where it is now."""
        try:
            await self.site(site)
        except NotFound as error:
            return error
        with translated():
            moved = await self._client.hget(self._keys.head(site, page), "moved")
        return was_moved(site, page, moved.decode()) if moved else _no_page(site, page)

    async def _slugs(self, key: str, after: str, limit: int) -> list[str]:
        with translated():
            first = f"({after}" if after else "-"
            return [slug.decode() for slug in await self._client.zrangebylex(key, first, "+", 0, limit)]


def _listed(json: bytes, meta: bytes, live: int) -> ListedVersion:
    version = decode_version(json)
    built = decode_meta(meta) if meta else None
    return ListedVersion(
        number=version.number,
        created_at=version.created_at,
        author=version.author,
        note=version.note,
        size=int(built.size) if built else None,
        built_at=int(built.built_at) if built else None,
        is_live=version.number == live,
        is_kept=built is not None,
    )


def _published(values: Sequence[bytes | None], head: Any) -> PublishedPage | None:
    seq, version, etag, csp, built_at, body, moved = values
    if seq is None:
        return None
    return PublishedPage(
        seq=int(seq),
        version=int(version or 0),
        etag=(etag or b"").decode(),
        csp=(csp or b"").decode(),
        built_at=int(built_at or 0),
        body=body or b"",
        top_seq=_top(head, b"seq"),
        top_version=_top(head, b"version"),
        moved=(moved or b"").decode(),
    )


def _mark(answer: Any) -> Mark | None:
    """Raises: StoreUnavailable, StoreUncertain, where Redis did not answer this question for a reason that passes."""
    if isinstance(answer, Exception):
        error = translate(answer)
        if isinstance(error, Unavailable):
            raise error
        return None
    seq, etag = answer
    try:
        return Mark(int(seq or 0), (etag or b"").decode())
    except ValueError:
        return None


def _top(head: Any, counter: bytes) -> int:
    """A counter of a head; where that is damaged 0, for the page itself is well."""
    try:
        return int(head[counter])
    except (TypeError, KeyError, ValueError):
        return 0


def _title_of(config: bytes) -> str:
    return msgspec.json.decode(config, type=_Titled).title


def _names(numbers: range) -> list[str]:
    return [str(number) for number in numbers]


def scoped(request: Request) -> str:
    """An idempotency key counts per account or token: two clients that choose the same one do not meet."""
    return sha256(f"{request.scope or request.actor}\0{request.idempotency_key}".encode()).hexdigest()


def refuse_mismatch(outcome: bytes) -> None:
    """Raises: IdempotencyMismatch, where that is what a script answered."""
    if outcome == b"mismatch":
        raise IdempotencyMismatch(
            "This Idempotency-Key was used before with another request.",
            "use a new key for a new request, and the same body for a repeated one",
        )


def no_site(slug: str) -> NotFound:
    """The error for a site that does not exist."""
    return NotFound("site", slug, "create it with POST /-/api/v1/sites")


def was_moved(site: str, page: str, to: str) -> NotFound:
    """The error for a page that is at another slug now."""
    return NotFound("page", f"{site}/{page}", f"it was moved to {site}/{to}")


def _no_page(site: str, page: str) -> NotFound:
    return NotFound("page", f"{site}/{page}", "save a first version of it with POST …/versions")


def no_version(number: int) -> NotFound:
    """The error for a version that does not exist."""
    return NotFound("version", str(number), "list what there is with GET …/versions")


def _no_publication(seq: int) -> NotFound:
    return NotFound("publication", str(seq), "list them with GET …/publications")


def _too_late(publication: Publication) -> Conflict:
    if publication.state == "building":
        mend = "wait until it is live, then go back to the version before with POST …/publications"
        return Conflict(f"Publication {publication.seq} is being built.", mend)
    return Conflict(f"Publication {publication.seq} is {publication.state}.", "there is nothing left to call off")
