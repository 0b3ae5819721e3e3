"""Shares: snapshots of pages for people without an account, under addresses that are signed, end and can be withdrawn.

The address has the site, the share's id and their HMAC-SHA256, so a guess is refused before anything is looked up, and
a share that is over can be told from one that never was. The secret is made once and lives in Redis; whoever deletes it
ends all shares there are. Nothing that is stored or logged has the signature.
"""

import base64
import hmac
import re
import secrets
from typing import NamedTuple

import msgspec

from shared.connection import Client, translated
from shared.errors import Conflict, NotFound
from shared.http import SHARED
from shared.idempotency import Request, refuse_mismatch, remembering, scoped
from shared.keys import SHARE_SECRET, Keys
from shared.records import decode_saved_version
from shared.scripts import Argument, Call, run, script
from shared.settings import Settings
from shared.sites import no_site

MOST_PER_PAGE = 100

_LINK = re.compile(r"([a-z0-9-]{1,63})\.([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that whoever has its address may see.

    Attributes:
        id: its name.
        page: slug of the page, as it was called then.
        version: the version it shows, 0 where it shows a config that was not saved.
        by: who made it.
        created_at, expires_at: milliseconds since the epoch, UTC.
    """

    id: str
    page: str
    version: int
    by: str
    created_at: int
    expires_at: int


class Shown(NamedTuple):
    """What a share shows.

    Attributes:
        page: slug.
        config: JSON of a config.
    """

    page: str
    config: bytes


class Address(NamedTuple):
    """What the address of a share names."""

    site: str
    share: str


class NewShare(NamedTuple):
    """A share to make.

    Attributes:
        site, page: slugs.
        version: a version of the page, 0 for none.
        config: JSON of a config, b"" for none.
        by: who makes it, for people.
        expires_in_s: how long it lasts.
    """

    site: str
    page: str
    version: int
    config: bytes
    by: str
    expires_in_s: int


class ShareStore:
    """Shares in Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self._client, self._keys, self._settings = client, keys, settings

    async def make(self, new: NewShare, request: Request) -> tuple[Share, bool]:
        """Make a share.

        Returns:
            the share, and whether an earlier request with the same key made it.

        Raises:
            NotFound: no such site or version.
            Conflict: the page has too many, or the request made one that is over.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names, site, share = self._keys, new.site, scoped(request)[:32]
        script_keys = [names.site(site), names.versions(site, new.page), names.share(site, share)]
        script_keys += [names.shares(site, new.page), names.idempotency(site, scoped(request))]
        what: list[Argument] = [share, new.version, new.config, new.page, new.by, new.expires_in_s * 1000]
        call = Call(script("make_share"), script_keys, [*remembering(request, self._settings), *what, MOST_PER_PAGE])
        outcome, *rest = await run(self._client, call)
        _refuse(outcome, new)
        return msgspec.json.decode(rest[0], type=Share), outcome == b"replayed"

    async def all(self, site: str, page: str) -> list[Share]:
        """The shares of a page that are not over, newest first.

        Raises:
            NotFound: no such site.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        with translated():
            pipeline = self._client.pipeline(transaction=True)
            pipeline.exists(self._keys.site(site))
            pipeline.hvals(self._keys.shares(site, page))
            pipeline.time()
            exists, found, (now_s, _) = await pipeline.execute()
        if not exists:
            raise no_site(site)
        shares = [msgspec.json.decode(json, type=Share) for json in found]
        return sorted(
            (share for share in shares if share.expires_at > now_s * 1000), key=lambda s: (-s.created_at, s.id)
        )

    async def end(self, site: str, page: str, share: str, request: Request) -> bool:
        """Take a share back.

        Returns:
            whether an earlier request with the same key did it.

        Raises:
            NotFound: the page has no such share.
            IdempotencyMismatch: the key was used with another request.
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        names = self._keys
        script_keys = [names.share(site, share), names.shares(site, page), names.preview(site, preview_of(share))]
        script_keys.append(names.idempotency(site, scoped(request)))
        arguments = [*remembering(request, self._settings), share]
        [outcome] = await run(self._client, Call(script("end_share"), script_keys, arguments))
        refuse_mismatch(outcome)
        if outcome == b"unknown":
            raise NotFound("share", share, "list them with GET …/shares; one that is over needs no ending")
        return bool(outcome == b"replayed")

    async def show(self, address: Address) -> Shown | None:
        """What a share shows; None where it is over.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
            Undecodable: the record is damaged.
        """
        with translated():
            key = self._keys.share(address.site, address.share)
            page, config, saved = await self._client.hmget(key, ["page", "config", "saved"])
        if page is None:
            return None
        return Shown(page.decode(), config or bytes(decode_saved_version(saved).config))

    async def path(self, site: str, share: str) -> str:
        """The address of a share.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        return (await self.paths(site, [share]))[0]

    async def paths(self, site: str, shares: list[str]) -> list[str]:
        """The addresses of shares of a site, in the same order."""
        call = Call(script("share_secret"), [SHARE_SECRET], [secrets.token_hex(32)])
        secret: bytes = await run(self._client, call)
        return [f"{SHARED}{site}.{share}.{sign(secret, Address(site, share))}" for share in shares]

    async def read(self, link: str) -> Address | None:
        """What an address names; None where it was not signed here.

        Args:
            link: the part behind `/-/shared/`.

        Raises:
            StoreUnavailable, StoreUncertain: Redis is away.
        """
        found = _LINK.fullmatch(link)
        if not found:
            return None
        with translated():
            secret = await self._client.get(SHARE_SECRET)
        address = Address(found[1], found[2])
        is_ours = secret is not None and hmac.compare_digest(sign(secret, address), found[3])
        return address if is_ours else None


def preview_of(share: str) -> str:
    """The id of the preview that is made for a share."""
    return f"share-{share}"


def sign(secret: bytes, address: Address) -> str:
    """The signature of an address, in letters, digits, `-` and `_`."""
    made = hmac.digest(secret, f"{address.site}.{address.share}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _refuse(outcome: bytes, new: NewShare) -> None:
    if outcome == b"no-site":
        raise no_site(new.site)
    refuse_mismatch(outcome)
    if outcome == b"no-version":
        raise NotFound("version", str(new.version), "list them with GET …/versions").at("/version")
    if outcome == b"too-many":
        raise Conflict(f"The page has {MOST_PER_PAGE} shares, as many as it may.", "take one of them back")
    if outcome == b"over":
        raise Conflict("The share that this request made is over.", "make a new one under a new Idempotency-Key")
