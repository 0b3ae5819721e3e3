"""A config becomes the finished page: pure, and the same bytes in every process.

Templates and CSS are read when the renderer is made; rendering itself reads no file, no clock and no environment.
A page is made of fragments: its opening, one per widget, its closing. Each is cached by all that it depends on, and
they are joined as bytes, so neither the style nor a rendered widget passes through a template again.
"""

import hashlib
from importlib.resources import files
from typing import Any, NamedTuple, get_args
from urllib.parse import urljoin, urlsplit

import jinja2
import msgspec

from services.builder import markup
from services.builder.fragments import Fragments
from services.builder.stylesheet import Style, Stylesheets
from shared.config import Config
from shared.errors import RenderFailed
from shared.markdown import render
from shared.texts import texts_of
from shared.values import encode_value
from shared.widgets import AnyWidget, Hero

MIB = 1024 * 1024
HOME = "index"

# Scripts written from right to left, by language.
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})

# What a template raises for a value it cannot print. A MemoryError is not among them: it is no fault of the config.
_UNPRINTABLE = (jinja2.TemplateError, AttributeError, LookupError, TypeError, ValueError)


class Rendered(NamedTuple):
    """A finished page.

    Attributes:
        html: the page, UTF-8.
        etag: the first 32 hex digits of its SHA-256, without quotes.
        csp: value of its Content-Security-Policy header.
    """

    html: bytes
    etag: str
    csp: str


class Renderer:
    """Renders pages; keep one per process, for its cache.

    Args:
        public_url: origin for canonical links, "" for none.
        cache_bytes: bound of the cache of rendered fragments.
    """

    def __init__(self, public_url: str = "", cache_bytes: int = 16 * MIB) -> None:
        sources = _read_sources()
        environment = _make_environment(sources)
        self._public_url = public_url.rstrip("/")
        self._page = environment.get_template("page.html")
        self._templates = {kind: environment.get_template(f"{_type_of(kind)}.html") for kind in get_args(AnyWidget)}
        self._stylesheets = Stylesheets({name: text for name, text in sources.items() if name.endswith(".css")})
        self._encode = msgspec.json.Encoder(enc_hook=encode_value).encode
        self.fragments = Fragments(cache_bytes)

    def render(self, config: Config, site: str, page: str, site_title: str = "", hostname: str = "") -> Rendered:
        """Render a page.

        Args:
            config: what the editor set.
            site, page: slugs; the home page's is `index`.
            site_title: the site's name, "" for none.
            hostname: the site's first hostname, "" where it has none.

        Raises:
            RenderFailed: the config has something that cannot be rendered; the pointer says where.
        """
        lead = next((widget for widget in config.widgets if isinstance(widget, Hero)), None)
        style = self._style(config)
        try:
            opening = self._opening(config, lead, style, self._canonical(site, page, hostname), site_title)
            closing = self._closing(site_title)
        except _UNPRINTABLE as error:
            raise RenderFailed(f"The page's head cannot be rendered: {error}.") from error
        html = b"".join([opening, *self._widgets(config, lead), closing])
        return Rendered(html, hashlib.sha256(html).hexdigest()[:32], style.csp)

    def _style(self, config: Config) -> Style:
        # A page without a hero opens with its title, which looks like one.
        types = {Hero, *map(type, config.widgets)}
        return self._stylesheets.style(config.background, config.theme, frozenset(map(_type_of, types)))

    def _opening(self, config: Config, lead: Hero | None, style: Style, canonical: str, site_title: str) -> bytes:
        """From the doctype to where the first widget begins."""
        values = {
            "config": msgspec.structs.replace(config, widgets=()),
            "lead": lead,
            "canonical": canonical,
            "site_title": site_title,
        }
        # The policy has the style's hash in it, so it stands for the whole style.
        key = self._encode((values, style.csp))
        return self.fragments.get(key) or self.fragments.keep(key, self._make_opening(values, config, style))

    def _make_opening(self, values: dict[str, Any], config: Config, style: Style) -> bytes:
        values = values | {
            "palette": style.palette,
            "share_image": _share_image(values["lead"], values["canonical"]),
            "is_right_to_left": config.lang.split("-")[0].lower() in _RIGHT_TO_LEFT,
            "initial": _initial(config.title),
        }
        return self._block("head", values) + style.css + self._block("top", values)

    def _widgets(self, config: Config, lead: Hero | None) -> list[bytes]:
        fragments = []
        for number, widget in enumerate(config.widgets):
            try:
                fragments.append(self._widget(widget, widget is lead))
            except _UNPRINTABLE as error:
                detail = f"The widget {_type_of(type(widget))!r} cannot be rendered: {error}."
                raise RenderFailed(detail, pointer=f"/widgets/{number}{_blamed(widget)}") from error
        return fragments

    def _widget(self, widget: AnyWidget, is_lead: bool) -> bytes:
        key = (b"lead" if is_lead else b"") + self._encode(widget)
        return self.fragments.get(key) or self.fragments.keep(key, self._make_widget(widget, is_lead))

    def _make_widget(self, widget: AnyWidget, is_lead: bool) -> bytes:
        return self._templates[type(widget)].render(widget=widget, is_lead=is_lead).encode()

    def _closing(self, site_title: str) -> bytes:
        """From where the last widget ends to the end."""
        key = b"closing" + site_title.encode()
        return self.fragments.get(key) or self.fragments.keep(key, self._block("bottom", {"site_title": site_title}))

    def _block(self, name: str, values: dict[str, Any]) -> bytes:
        return "".join(self._page.blocks[name](self._page.new_context(values))).encode()

    def _canonical(self, site: str, page: str, hostname: str) -> str:
        """The page's own address: under its site's hostname where that has one."""
        if not self._public_url:
            return ""
        if hostname:
            origin = f"{urlsplit(self._public_url).scheme}://{hostname}"
            return f"{origin}/" if page == HOME else f"{origin}/{page}"
        return f"{self._public_url}/{site}" if page == HOME else f"{self._public_url}/{site}/{page}"


def _read_sources() -> dict[str, str]:
    folder = files(__package__).joinpath("templates")
    return {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith((".html", ".css"))}


def _make_environment(sources: dict[str, str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    # The templates use none of Jinja's globals, and copying them is half the cost of a small template.
    environment.globals.clear()
    environment.filters.update(
        markdown=markup.markdown, table_rows=markup.table_rows, number_columns=markup.number_columns
    )
    return environment


def _type_of(kind: type[AnyWidget]) -> str:
    return str(kind.__struct_config__.tag)


def _blamed(widget: AnyWidget) -> str:
    """JSON pointer to the Markdown in a widget that cannot be rendered, "" where none is to blame."""
    for pointer, reads, text in texts_of(widget):
        try:
            if reads == "markdown":
                render(text)
        except ValueError:
            return pointer
    return ""


def _initial(title: str) -> str:
    """First letter or digit of a title, for the drawn icon: never a sign that means something in SVG."""
    return next((character for character in title if character.isalnum()), "•").upper()


def _share_image(lead: Hero | None, canonical: str) -> str:
    """Address of the picture for shared links, which has to be absolute; "" for none."""
    if lead is None or lead.image is None:
        return ""
    address = urljoin(canonical, str(lead.image.src))
    return address if address.startswith(("http://", "https://")) else ""
