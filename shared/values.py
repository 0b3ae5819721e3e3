"""Typed values that editors write as text: colours and addresses, parsed once and re-emitted.

Escaping alone does not make `red;background:url(//evil)` safe in a style nor `javascript:` in a link, so neither
ever reaches a template as the text that somebody typed: only what these classes parsed and wrote anew does.
"""

import re
from typing import Any, Self
from urllib.parse import urlsplit

from shared.colour_names import COLOUR_NAMES

MAX_COLOUR = 64
MAX_URL = 2048
MAX_HOSTNAME = 253

_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")
# Between two numbers stands a comma or a space, and no text can be cut in two ways: time grows with the length only.
_BETWEEN = r"(?:\s*,\s*|\s+)"
_RGB = re.compile(rf"rgb\(\s*(\d{{1,3}}){_BETWEEN}(\d{{1,3}}){_BETWEEN}(\d{{1,3}})\s*\)", re.ASCII)
# For descriptions: what a colour looks like. Which names there are and how far numbers go, only parsing knows.
_COLOUR_SHAPE = r"^\s*(?:#(?:[0-9A-Fa-f]{3}){1,2}|[Rr][Gg][Bb]\([\d\s,]+\)|[A-Za-z]+)\s*$"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_WEB = frozenset({"http", "https"})
_NO_HOST = re.compile(r"[\s<>^|\"`{}]")
_REMOVED_BY_BROWSERS = dict.fromkeys(map(ord, "\t\n\r"))
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Letters that IDNA 2003 maps to others and IDNA 2008 keeps: with them a name means two different domains.
_DEVIATIONS = frozenset("ßẞς\u200c\u200d")
_NO_NAME = "write a name such as www.example.com, without scheme, port or path"
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_ESCAPED = {ord(c): f"%{ord(c):02X}" for c in " \"'<>\\`{}|^" + "".join(map(chr, range(0x20))) + "\x7f"}


class Value:
    """A value with one canonical text: equal, hashed and encoded by it."""

    __slots__ = ("text",)
    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def parse(cls, text: str) -> Self:
        raise NotImplementedError

    @classmethod
    def schema(cls) -> dict[str, Any]:
        raise NotImplementedError


class Colour(Value):
    """An opaque sRGB colour, written `#rrggbb`.

    Attributes:
        red, green, blue: 0 to 255.
    """

    __slots__ = ("blue", "green", "red")

    def __init__(self, red: int, green: int, blue: int) -> None:
        self.red, self.green, self.blue = red, green, blue
        self.text = f"#{red:02x}{green:02x}{blue:02x}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `#rgb`, `#rrggbb`, `rgb(r, g, b)` or a CSS colour name.

        Raises:
            ValueError: anything else; the text says what to write.
        """
        word = text.strip().lower() if len(text) <= MAX_COLOUR else ""
        word = COLOUR_NAMES.get(word, word)
        if match := _HEX.fullmatch(word):
            digits = match[1] if len(match[1]) == 6 else "".join(c * 2 for c in match[1])
            return cls(*bytes.fromhex(digits))
        if match := _RGB.fullmatch(word):
            parts = [int(part) for part in match.groups()]
            if max(parts) <= 255:
                return cls(*parts)
        raise ValueError(f"{_shown(text)} is not a colour: write #rrggbb, such as #fafafa, or a CSS colour name")

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "color",
            "maxLength": MAX_COLOUR,
            "pattern": _COLOUR_SHAPE,
            "description": "#rrggbb, rgb(r, g, b) or a CSS colour name",
        }

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
        return 0.2126 * _linear(self.red) + 0.7152 * _linear(self.green) + 0.0722 * _linear(self.blue)

    def contrast(self, other: "Colour") -> float:
        """Contrast ratio with another colour, 1 to 21, as WCAG 2.2 defines it."""
        lighter, darker = sorted((self.luminance, other.luminance), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)


class Url(Value):
    """Where a link may lead: http, https, mailto, tel, or a relative address."""

    __slots__ = ()
    schemes: frozenset[str] = frozenset({"http", "https", "mailto", "tel"})
    purpose = "a link"

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address as a browser would, refuse what could run or leak, and write it anew.

        Browsers drop tabs and line ends anywhere and control characters at both ends before they look at the
        scheme (WHATWG URL, "basic URL parser"), so the same is done first; and a backslash in front of the query is a
        slash to them.

        Raises:
            ValueError: empty, too long, a scheme that is not allowed, or http(s) without a host.
        """
        cleaned = _with_slashes(text.strip(_C0_AND_SPACE).translate(_REMOVED_BY_BROWSERS))
        if not cleaned:
            raise ValueError(f"an empty text is not {cls.purpose}: write an address such as https://example.com/")
        if len(cleaned) > MAX_URL:
            raise ValueError(f"the address is longer than {MAX_URL} characters")
        cls.check(cleaned)
        return cls(cleaned.translate(_ESCAPED))

    @classmethod
    def check(cls, address: str) -> None:
        """Look at where an address leads, whatever its length.

        Raises:
            ValueError: a scheme that is not allowed, or a web address without a host.
        """
        match = _SCHEME.match(address)
        if match:
            cls._check_scheme(match[1].lower(), address)
        elif address.startswith("//"):
            _check_host(address)

    @classmethod
    def _check_scheme(cls, scheme: str, address: str) -> None:
        if scheme not in cls.schemes:
            allowed = ", ".join(sorted(cls.schemes))
            raise ValueError(f"{cls.purpose} may not use the scheme {scheme}: use {allowed} or a relative address")
        if scheme in _WEB:
            _check_host(address)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        allowed = ", ".join(sorted(cls.schemes))
        known = "|".join(map(_any_case, sorted(cls.schemes)))
        return {
            "type": "string",
            "format": "uri-reference",
            "minLength": 1,
            "maxLength": MAX_URL,
            # Anything but a scheme that is not among these, behind what browsers drop; a no-break space they keep.
            "pattern": rf"^(?![\u0000-\u0020]*(?!(?:{known}):)[A-Za-z][A-Za-z0-9+.-]*:)",
            "description": f"{allowed} or a relative address",
        }


class ImageUrl(Url):
    """Where an image may come from: http, https, or a relative address."""

    __slots__ = ()
    schemes = frozenset({"http", "https"})
    purpose = "an image address"


class Hostname(Value):
    """A DNS name under which visitors find a site: lower case, labels of other scripts as A-labels (`xn--…`)."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name, whatever its case and with or without the dot at its end.

        Raises:
            ValueError: no name, one with a port, an address, a name without a dot, or one that means two domains.
        """
        if not text or len(text) > MAX_HOSTNAME + 1:
            raise ValueError(f"a hostname has 1 to {MAX_HOSTNAME} characters: {_NO_NAME}")
        name = _to_ascii(text.lower()).removesuffix(".")
        labels = name.split(".")
        if len(name) > MAX_HOSTNAME or not all(map(_LABEL.fullmatch, labels)) or not all(map(_is_decodable, labels)):
            raise ValueError(f"{_shown(text)} is not a hostname: {_NO_NAME}")
        if len(labels) < 2 or labels[-1].isdecimal():
            raise ValueError(f"{_shown(text)} is not a name in the DNS: {_NO_NAME}")
        return cls(name)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "minLength": 3,
            "maxLength": MAX_HOSTNAME + 1,
            "pattern": r"^[^\s:/@*]+\.[^\s:/@*]+$",
            "description": "a DNS name such as www.example.com, without scheme, port or path",
        }


def decode_value(kind: type, value: Any) -> Any:
    """msgspec's hook for the types of this module.

    Raises:
        ValueError: the text does not parse; msgspec adds the path to it.
        NotImplementedError: a type that is not ours.
    """
    if not issubclass(kind, Value):
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        raise ValueError(f"Expected `str`, got `{_json_name(value)}`")
    return kind.parse(value)


def encode_value(value: Any) -> str:
    """msgspec's hook for encoding the types of this module as their canonical text."""
    if isinstance(value, Value):
        return value.text
    raise NotImplementedError(type(value))


def value_schema(kind: type) -> dict[str, Any]:
    """JSON Schema of the types of this module, for the OpenAPI document."""
    if issubclass(kind, Value):
        return kind.schema()
    raise NotImplementedError(kind)


def _to_ascii(name: str) -> str:
    """A name with A-labels for those of other scripts.

    Raises:
        ValueError: it cannot be written so, or not without changing which domain it means.
    """
    if name.isascii():
        return name
    if _DEVIATIONS & set(name):
        raise ValueError(f"{_shown(name)} means two different domains: write its A-label, which begins with xn--")
    try:
        return name.encode("idna").decode().lower()
    except UnicodeError:
        raise ValueError(f"{_shown(name)} is not a hostname: {_NO_NAME}") from None


def _is_decodable(label: str) -> bool:
    """Whether a label that says it is an A-label can be one."""
    try:
        return not label.startswith("xn--") or bool(label[4:].encode().decode("punycode"))
    except UnicodeError:
        return False


def _linear(channel: int) -> float:
    part = channel / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _with_slashes(address: str) -> str:
    """An address whose backslashes are slashes where browsers take them for that: in a web or a relative address."""
    match = _SCHEME.match(address)
    if match and match[1].lower() not in _WEB:
        return address
    end = min((at for at in map(address.find, "?#") if at >= 0), default=len(address))
    return address[:end].replace("\\", "/") + address[end:]


def _check_host(address: str) -> None:
    """Raises: ValueError, where a web address has no host, or one that no machine can have."""
    try:
        parts = urlsplit(address)
        # Reading the port is what checks it.
        is_right = bool(parts.hostname) and not _NO_HOST.search(parts.netloc) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError(f"{_shown(address)} has no host: write an address such as https://example.com/")


def _any_case(word: str) -> str:
    """A pattern of a word in capitals or not; JSON Schema has no flags."""
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _json_name(value: object) -> str:
    names = {bool: "bool", int: "int", float: "float", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)
