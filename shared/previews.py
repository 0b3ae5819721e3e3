"""The lane of previews: what an editor has in hand, rendered at once, kept for minutes and published nowhere.

A stream of its own, so that neither a batch nor a rebuild is in front. Its entries carry the config, since nothing is
stored for them. Builders read it without acknowledging: a preview that is lost with its builder is asked for again by
the person who waits for it, who would not want the old one any more. `PreviewLane` is both ends of it.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from redis.exceptions import ResponseError

from shared.connection import Client, translate, translated
from shared.errors import BuildersUnavailable, TooMany
from shared.idempotency import Request, refuse_mismatch, scoped
from shared.keys import GROUP, Keys
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings
from shared.sites import no_site

log = logging.getLogger(__name__)

# Entries that wait, per partition; what comes after them would not be in time.
ROOM = 64
LETTER_KEPT_MS = 10_000
# Nothing is ever pending, so that one name does for all builders and none is left behind.
CONSUMER = "anybody"

_TEXTS = ("site_title", "hostname", "preview_key", "fingerprint", "ticket", "mailbox")
_ID = re.compile(r"[a-z0-9-]{1,80}")


class Wish(NamedTuple):
    """A preview to ask for.

    Attributes:
        site, page: slugs.
        preview: its id; the same id stands for the same request.
        config: JSON, from `encode_config`.
        fingerprint: digest of what is asked.
        account: who asks, for the bound of how often.
    """

    site: str
    page: str
    preview: str
    config: bytes
    fingerprint: str
    account: str


class Ticket(NamedTuple):
    """Where an answer goes.

    Attributes:
        number: which wait it is for.
        process: who waits.
    """

    number: str
    process: str


class Letter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a builder says of a preview.

    Attributes:
        ticket: which wait it is for.
        etag: hash of the page's bytes, "" where there is none.
        size: their number.
        code, reason, pointer: why there is no page, as a Fault has it.
        retryable: whether another attempt can succeed.
    """

    ticket: str
    etag: str = ""
    size: int = 0
    code: str = ""
    reason: str = ""
    pointer: str = ""
    retryable: bool = False


class Page(NamedTuple):
    """A page that was made for a preview.

    Attributes:
        etag: hash of its bytes, without quotes.
        size: length in bytes, uncompressed.
        csp: its Content-Security-Policy.
        body: compressed.
    """

    etag: str
    size: int
    csp: str
    body: bytes


class Wanted(NamedTuple):
    """A preview that somebody waits for, as a builder takes it.

    Attributes:
        stream, entry: where it was taken from.
        site, page, site_title, hostname, config: what to render.
        preview_key: where the page goes.
        fingerprint: of what was asked.
        ticket, mailbox: which wait the answer is for, and where it goes.
        left_ms: how long somebody still waits.
    """

    stream: str
    entry: str
    site: str
    page: str
    site_title: str
    hostname: str
    config: bytes
    preview_key: str
    fingerprint: str
    ticket: str
    mailbox: str
    left_ms: float


def preview_of(request: Request) -> str:
    """The id of the preview that a request asks for: the same for the same caller and key."""
    return scoped(request)[:32]


class PreviewLane:
    """The lanes of all partitions.

    Args:
        client: for short calls.
        blocking: for blocking reads; its socket timeout lies above them, and where entries are taken it does not
            repeat calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, blocking: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._blocking, self._keys, self._settings = client, blocking, keys, settings
        self._streams = [keys.previews(p) for p in range(keys.partitions)]

    # Asking

    async def ask(self, wish: Wish, ticket: Ticket) -> Page | None:
        """Ask for a preview.

        Returns:
            what the same request got before, without its bytes; None where the answer is to be waited for.

        Raises:
            NotFound: no such site.
            IdempotencyMismatch: the id stands for another request.
            TooMany: too often in this minute.
            BuildersUnavailable: too many wait.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, site, settings = self._keys, wish.site, self._settings
        partition = names.partition(site)
        account = sha256(wish.account.encode()).hexdigest()[:32]
        script_keys = [names.site(site), names.preview(site, wish.preview), names.previews(partition)]
        script_keys.append(names.preview_rate(site, account))
        bounds: list[Argument] = [settings.previews_per_minute, ROOM, round(settings.preview_within_s * 1000)]
        mailbox = names.mailbox(partition, ticket.process)
        about: list[Argument] = [wish.preview, ticket.number, mailbox, f"{site}/{wish.page}", wish.config]
        call = Call(script("ask_preview"), script_keys, [wish.fingerprint, *bounds, *about])
        outcome, *rest = await run(self._client, call)
        if outcome == b"made":
            return Page(rest[0].decode(), int(rest[1]), "", b"")
        _refuse(outcome, rest, site)
        return None

    async def letters(self, process: str, wait_s: float) -> Letter | None:
        """The next answer for a process; None where none came in time.

        Args:
            process: whose mailbox.
            wait_s: how long to wait; below the socket's timeout.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        mailboxes = [self._keys.mailbox(p, process) for p in range(self._keys.partitions)]
        with translated():
            found = await self._blocking.blpop(mailboxes, wait_s)
        return msgspec.json.decode(found[1], type=Letter) if found else None

    async def page(self, site: str, preview: str) -> Page | None:
        """A page that was made, None where there is none or its time is over.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        if not _ID.fullmatch(preview):
            return None
        with translated():
            found = await self._client.hmget(self._keys.preview(site, preview), ["etag", "size", "csp", "body"])
        etag, size, csp, body = found
        return Page(etag.decode(), int(size), csp.decode(), body) if etag else None

    # Answering

    async def take(self, block_ms: int) -> list[Wanted]:
        """Take what is asked for, one entry per partition; what nobody waits for any more is passed over.

        Args:
            block_ms: how long to wait for it, 1 to 2000.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline: Any = self._blocking.pipeline(transaction=False)
            streams = dict.fromkeys(self._streams, ">")
            pipeline.xreadgroup(GROUP, CONSUMER, streams, count=1, block=block_ms, noack=True)
            # By Redis's own clock, for it gave the entries their times.
            pipeline.time()
            taken, clock = await pipeline.execute(raise_on_error=False)
        if isinstance(taken, ResponseError) and "NOGROUP" in str(taken):
            await self._ensure_groups()
            return []
        for answer in (taken, clock):
            if isinstance(answer, Exception):
                raise translate(answer)
        now_ms = clock[0] * 1000 + clock[1] / 1000
        found = [
            _read(stream.decode(), id_.decode(), fields, now_ms)
            for stream, entries in taken or []
            for id_, fields in entries
        ]
        return [wanted for wanted in found if wanted is not None]

    async def answer(self, wanted: Wanted, letter: Letter, page: Page | None, keep_ms: int) -> None:
        """Tell whoever waits, and keep the page where there is one.

        Args:
            keep_ms: how long.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        arguments: list[Argument] = [wanted.entry, msgspec.json.encode(letter), LETTER_KEPT_MS]
        if page is not None:
            arguments += [keep_ms, wanted.fingerprint, page.etag, page.size, page.csp, page.body]
        script_keys = [wanted.preview_key, wanted.stream, wanted.mailbox]
        await run(self._client, Call(script("answer_preview"), script_keys, arguments))

    async def _ensure_groups(self) -> None:
        with translated():
            for stream in self._streams:
                try:
                    await self._client.xgroup_create(stream, GROUP, id="0", mkstream=True)
                except ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise


def _refuse(outcome: bytes, rest: Sequence[Any], site: str) -> None:
    if outcome == b"no-site":
        raise no_site(site)
    refuse_mismatch(outcome)
    if outcome == b"too-many":
        raise TooMany("These are more previews than one account may ask for in a minute.", 1 + max(0, rest[0]) // 1000)
    if outcome == b"busy":
        raise BuildersUnavailable("More previews are asked for than the builders can make.", "try again in a moment")


def _read(stream: str, entry: str, fields: Mapping[bytes, bytes], now_ms: float) -> Wanted | None:
    """What an entry asks for; None where nobody waits for it any more, or it cannot be read."""
    try:
        text = {name.decode(): value.decode() for name, value in fields.items() if name != b"config"}
        left_ms = float(text["within_ms"]) - (now_ms - int(entry.partition("-")[0]))
        if left_ms <= 0:
            return None
        site, _, page = text["page"].partition("/")
        return Wanted(
            stream=stream,
            entry=entry,
            site=site,
            page=page,
            config=fields[b"config"],
            left_ms=left_ms,
            **{name: text[name] for name in _TEXTS},
        )
    except (KeyError, ValueError) as error:
        log.warning("entry %s of %s cannot be read: %r", entry, stream, error)
        return None
