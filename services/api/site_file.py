"""A site as one JSON file: what is in it, and how pages get into it."""

from typing import Annotated, Any, Literal

import msgspec

from services.api.defaults import PartialConfig
from services.api.hostnames import Hostnames
from shared.config import Slug, encode_config
from shared.contents import Content
from shared.widgets.texts import Title

FORMAT, SCHEMA = "platen-site", 1
MOST_PAGES = 100_000

_NOTHING = msgspec.Raw(b"null")


class FileSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The site that a file is of.

    Attributes:
        slug: its name in addresses when the file was made.
        title: its name for people.
        hostnames: names under which visitors found it; they are not taken over, for another site may have them.
        defaults: what new pages begin with.
    """

    slug: Slug
    title: Title
    hostnames: Hostnames = ()
    defaults: PartialConfig = PartialConfig()


class FilePage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page in a file.

    Attributes:
        page: its slug.
        title: its title, for people who read the file.
        live_version: number of the version that visitors got, 0 where they got nothing.
        config: the page that visitors got, or the newest version's where they got nothing; null where there is none.
        draft: what an editor found on opening the page, where that was something else; null where it was not.
    """

    page: Slug
    title: str = ""
    live_version: int = 0
    config: msgspec.Raw = _NOTHING
    draft: msgspec.Raw = _NOTHING


class SiteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site as one file.

    Attributes:
        format: what it is.
        schema: how it is written.
        site: the site.
        pages: its pages by slug.
        publish: whether what is imported shall go live; no export says so.
    """

    format: Literal["platen-site"]
    schema: Literal[1]
    site: FileSite
    pages: Annotated[tuple[FilePage, ...], msgspec.Meta(max_length=MOST_PAGES, description="pages of a site")]
    publish: bool = False


def is_nothing(part: msgspec.Raw) -> bool:
    """Whether a file has nothing here."""
    return bytes(part) == b"null"


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two JSON texts mean the same, whatever the order of their fields."""
    return one == other or bool(msgspec.json.decode(one) == msgspec.json.decode(other))


def opening(site: FileSite) -> bytes:
    """The file up to its first page."""
    # The defaults' own encoder: they leave out what they do not say.
    about = {"slug": site.slug, "title": site.title, "hostnames": list(map(str, site.hostnames))}
    about_json = msgspec.json.encode({**about, "defaults": msgspec.Raw(encode_config(site.defaults))})
    return b'{"format":"%b","schema":%d,"site":%b,"pages":[' % (FORMAT.encode(), SCHEMA, about_json)


ENDING = b"]}"


def written(content: Content) -> bytes:
    """A page as it stands in a file."""
    saved = content.live or content.newest
    page: dict[str, Any] = {"page": content.page, "title": "", "live_version": content.live_version}
    if saved:
        page["config"] = msgspec.Raw(saved.config)
    if not saved or not is_same(content.draft.config, saved.config):
        page["draft"] = msgspec.Raw(content.draft.config)
    page["title"] = _title(saved.config if saved else content.draft.config)
    return msgspec.json.encode(page)


def _title(config: bytes) -> str:
    title = msgspec.json.decode(config).get("title", "")
    return title if isinstance(title, str) else ""
