"""Versions of a page: listed, looked at with the config that was saved, and as the page that was built of it."""

from shared.connection import Client, translated
from shared.errors import NotFound
from shared.keys import Keys
from shared.listing import Listing
from shared.pages import check_page, missing
from shared.records import (
    ListedVersion,
    PublishedPage,
    SavedVersion,
    decode_head,
    decode_meta,
    decode_saved_version,
    decode_version,
)
from shared.scripts import Call, run, script


class VersionStore:
    """Versions in Redis.

    Args:
        client: for short calls.
        keys: names.
    """

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def listed(self, site: str, page: str, before: int, limit: int) -> Listing[ListedVersion]:
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
            raise await missing(self._client, names, site, page)
        _, live, below, *found = answer
        items = [_listed(json, meta, live) for json, meta in zip(found[::2], found[1::2], strict=True)]
        return Listing(items, str(below) if below else "")

    async def show(self, site: str, page: str, number: int) -> SavedVersion:
        """One version with its config.

        Raises:
            NotFound: no such page or version.
        """
        with translated():
            json = await self._client.hget(self._keys.versions(site, page), str(number))
        if json is None:
            await check_page(self._client, self._keys, site, page)
            raise no_version(number)
        return decode_saved_version(json)

    async def live(self, site: str, page: str) -> SavedVersion:
        """The version that visitors get, with its config.

        Raises:
            NotFound: no such page, or nothing of it is live.
        """
        with translated():
            head = decode_head(await self._client.hgetall(self._keys.head(site, page)))
        return await self.show(site, page, head.live_version)

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


def no_version(number: int) -> NotFound:
    """The error for a version that does not exist."""
    return NotFound("version", str(number), "list what there is with GET …/versions")
