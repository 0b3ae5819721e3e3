"""Whatever comes in wrong is named, with its mend, and leaves no trace in Redis."""

from typing import Any

import httpx2
import msgspec
import pytest

from shared.connection import Client
from tests.integration.api.conftest import PAGE, V1, everything, publish

pytestmark = pytest.mark.usefixtures("site")

SAVE = f"{PAGE}/versions"
DEEP = b"[" * 50_000


def config(**fields: Any) -> bytes:
    return msgspec.json.encode({"config": fields, "publish": True})


def widget(**fields: Any) -> bytes:
    return config(title="A", widgets=[fields])


# what is wrong: (body, status, code, pointer, a word of the mend)
BODIES: dict[str, tuple[bytes, int, str, str, str]] = {
    "nothing": (b"", 400, "malformed", "", "JSON"),
    "spaces": (b"  \n", 400, "malformed", "", "JSON"),
    "not JSON": (b"title: A", 400, "malformed", "", "JSON"),
    "JSON that is cut off": (b'{"config":{"title":"A"', 400, "malformed", "", "all of it"),
    "wrong first and cut off": (b'{"nonsense":1,"config":{"title":"A"', 400, "malformed", "", "all of it"),
    "something behind it": (b'{"config":{"title":"A"}} {}', 400, "malformed", "", "JSON"),
    "bad UTF-8": (b'{"config":{"title":"\xff"}}', 400, "malformed", "", "UTF-8"),
    "a surrogate in UTF-8": (b'{"config":{"title":"\xed\xa0\x80"}}', 400, "malformed", "", "UTF-8"),
    "half a surrogate pair": (b'{"config":{"title":"\\ud800"}}', 400, "malformed", "", "both halves"),
    "the other half": (b'{"config":{"title":"\\udc00"}}', 400, "malformed", "", "both halves"),
    "a byte order mark": (b'\xef\xbb\xbf{"config":{"title":"A"}}', 400, "malformed", "", "JSON"),
    "deep nesting": (DEEP, 400, "malformed", "", "deep"),
    "deep nesting in a config": (b'{"config":{"title":"A","widgets":' + DEEP, 400, "malformed", "", "deep"),
    "deep nesting in an unknown field": (b'{"x":' + DEEP, 400, "malformed", "", "deep"),
    "a list": (b"[]", 422, "invalid", "", "config"),
    "null": (b"null", 422, "invalid", "", "config"),
    "no config": (b"{}", 422, "invalid", "/config", "title"),
    "a config that is a text": (b'{"config":"A"}', 422, "invalid", "/config", "object"),
    "no title": (config(), 422, "invalid", "/config/title", "add title"),
    "a title that is a number": (config(title=3), 422, "invalid", "/config/title", "one line"),
    "an empty title": (config(title=""), 422, "invalid", "/config/title", "one line"),
    "a blank title": (config(title="   "), 422, "invalid", "/config/title", "one line"),
    "a long title": (config(title="A" * 201), 422, "invalid", "/config/title", "200"),
    "a title with a line end": (config(title="A\n"), 422, "invalid", "/config/title", "one line"),
    "NUL": (config(title="A\0"), 422, "invalid", "/config/title", "take it out"),
    "a field misspelt": (config(titel="A"), 422, "invalid", "/config/titel", "did you mean title?"),
    "a field nobody knows": (config(title="A", zzz=1), 422, "invalid", "/config/zzz", "widgets"),
    "a field with a slash": (b'{"config":{"a/b~c":1}}', 422, "invalid", "/config/a~1b~0c", "title"),
    "a field beside the config": (b'{"config":{"title":"A"},"publsh":1}', 422, "invalid", "/publsh", "publish?"),
    "publish as a text": (b'{"config":{"title":"A"},"publish":"yes"}', 422, "invalid", "/publish", "true or false"),
    "a long note": (
        msgspec.json.encode({"config": {"title": "A"}, "note": "n" * 501}),
        422,
        "invalid",
        "/note",
        "500",
    ),
    "a language that is none": (config(title="A", lang="e n"), 422, "invalid", "/config/lang", "BCP 47"),
    "a colour that breaks out": (
        config(title="A", background="red;}"),
        422,
        "invalid",
        "/config/background",
        "#rrggbb",
    ),
    "a colour that is a number": (config(title="A", background=3), 422, "invalid", "/config/background", "#rrggbb"),
    "an icon from nowhere": (config(title="A", icon_url="data:x"), 422, "invalid", "/config/icon_url", "https"),
    "a font nobody has": (config(title="A", theme={"font": "x"}), 422, "invalid", "/config/theme/font", "serif"),
    "widgets that are an object": (config(title="A", widgets={}), 422, "invalid", "/config/widgets", "list"),
    "too many widgets": (
        config(title="A", widgets=[{"type": "text", "body": "x"}] * 201),
        422,
        "invalid",
        "/config/widgets",
        "200",
    ),
    "a widget that is a text": (config(title="A", widgets=["hero"]), 422, "invalid", "/config/widgets/0", "hero"),
    "a widget without a type": (widget(title="x"), 422, "invalid", "/config/widgets/0/type", "hero, text"),
    "a widget nobody knows": (widget(type="heroo"), 422, "invalid", "/config/widgets/0/type", "did you mean hero?"),
    "a widget far from any": (widget(type="zzz"), 422, "invalid", "/config/widgets/0/type", "hero, text"),
    "a type that is a number": (widget(type=3), 422, "invalid", "/config/widgets/0/type", "hero, text"),
    "a widget without its title": (widget(type="hero"), 422, "invalid", "/config/widgets/0/title", "one line"),
    "a widget's field misspelt": (
        widget(type="hero", title="x", tagine="y"),
        422,
        "invalid",
        "/config/widgets/0/tagine",
        "did you mean tagline?",
    ),
    "a link that runs": (
        widget(type="cta", title="x", button={"text": "x", "href": "javascript:alert(1)"}),
        422,
        "invalid",
        "/config/widgets/0/button/href",
        "https",
    ),
    "a link that runs, disguised": (
        widget(type="cta", title="x", button={"text": "x", "href": " java\nscript:alert(1)"}),
        422,
        "invalid",
        "/config/widgets/0/button/href",
        "https",
    ),
    "an address too long": (
        config(title="A", icon_url="x" * 3000),
        422,
        "invalid",
        "/config/icon_url",
        "relative address",
    ),
    "an image of no width": (
        widget(type="image", src="/x.png", alt="x", width=0, height=1),
        422,
        "invalid",
        "/config/widgets/0/width",
        "1 to 10,000",
    ),
    "an image half a pixel wide": (
        widget(type="image", src="/x.png", alt="x", width=0.5, height=1),
        422,
        "invalid",
        "/config/widgets/0/width",
        "1 to 10,000",
    ),
    "an image of endless width": (
        b'{"config":{"title":"A","widgets":[{"type":"image","width":' + b"9" * 5000 + b"}]}}",
        422,
        "invalid",
        "/config/widgets/0/width",
        "smaller",
    ),
    "an image that says nothing": (
        widget(type="image", src="/x.png", width=1, height=1),
        422,
        "invalid",
        "/config/widgets/0/alt",
        "add alt",
    ),
    "a picture that says nothing": (
        widget(type="hero", title="x", image={"src": "/x.png", "width": 1, "height": 1}),
        422,
        "invalid",
        "/config/widgets/0/image/alt",
        "add alt",
    ),
    "a decorative image that says something": (
        widget(type="image", src="/x.png", width=1, height=1, alt="x", decorative=True),
        422,
        "invalid",
        "/config/widgets/0/alt",
        "leave out",
    ),
    "a row that is too long": (
        widget(type="table", header=["a"], rows=[["1"], ["2", "3"]]),
        422,
        "invalid",
        "/config/widgets/0/rows/1",
        "as many cells",
    ),
    "a title that cannot be seen": (config(title="\u200b\u2028"), 422, "invalid", "/config/title", "can be seen"),
    "a title that is turned around": (config(title="a\u202eb"), 422, "invalid", "/config/title", "without that"),
    "a link in Markdown that runs": (
        widget(type="text", body="[a](javascript:alert(1))"),
        422,
        "invalid",
        "/config/widgets/0/body",
        "https",
    ),
    "an image in Markdown": (
        widget(type="text", body="![a](/a.png)"),
        422,
        "invalid",
        "/config/widgets/0/body",
        "image widget",
    ),
    "an answer nested too deeply": (
        widget(type="faq", items=[{"question": "a", "answer": ">" * 300 + "x"}]),
        422,
        "invalid",
        "/config/widgets/0/items/0/answer",
        "less deeply",
    ),
    "a body of many texts, one of them nested too deeply": (
        config(title="A", widgets=[{"type": "text", "body": "x" * 40_000}, {"type": "text", "body": ">" * 40_000}]),
        422,
        "invalid",
        "/config/widgets/1/body",
        "less deeply",
    ),
    "a cell that is a number": (
        widget(type="table", header=["a"], rows=[["1"], [2]]),
        422,
        "invalid",
        "/config/widgets/0/rows/1/0",
        "one line",
    ),
    "no questions": (widget(type="faq", items=[]), 422, "invalid", "/config/widgets/0/items", "1 to 100"),
    "an id that is no anchor": (
        widget(type="hero", title="x", id="A"),
        422,
        "invalid",
        "/config/widgets/0/id",
        "links",
    ),
    "an id used twice": (
        config(title="A", widgets=[{"type": "hero", "title": "x", "id": "a"}] * 2),
        422,
        "invalid",
        "/config/widgets/1/id",
        "another id",
    ),
    "a body too large": (config(title="A" * 5_000_000), 413, "too-large", "", "less"),
}


@pytest.mark.redis7
@pytest.mark.parametrize("wrong", BODIES)
async def test_a_body_is_refused_with_its_mend(web: httpx2.AsyncClient, client: Client, wrong: str) -> None:
    body, status, code, pointer, word = BODIES[wrong]
    before = await everything(client)

    answer = await web.post(SAVE, content=body, headers={"idempotency-key": "k"})

    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    [error] = problem["errors"]
    assert error.get("pointer", "") == pointer
    assert word in error["mend"]
    assert "Expected" not in answer.text
    assert "regex" not in answer.text
    assert await everything(client) == before


# what is wrong: (method, address, headers, status, code, parameter, a word of the mend)
PARTS: dict[str, tuple[str, str, dict[str, str], int, str, str, str]] = {
    "a site in capitals": ("POST", f"{V1}/sites/ACME/pages/a/versions", {}, 422, "invalid-parameter", "site", "lower"),
    "a page in capitals": ("POST", f"{V1}/sites/acme/pages/A/versions", {}, 422, "invalid-parameter", "page", "lower"),
    "a page of dots": ("POST", f"{V1}/sites/acme/pages/%2e%2e/versions", {}, 422, "invalid-parameter", "page", "lower"),
    "a page with a slash": (
        "POST",
        f"{V1}/sites/acme/pages/a%2Fb/versions",
        {},
        422,
        "invalid-parameter",
        "path",
        "lower",
    ),
    "a slash that leads elsewhere": (
        "GET",
        f"{V1}/sites/acme/pages/spring%2Fversions",
        {},
        422,
        "invalid-parameter",
        "path",
        "lower",
    ),
    "a site of 64 letters": ("GET", f"{V1}/sites/{'a' * 64}", {}, 422, "invalid-parameter", "site", "63"),
    "a site with a line end": ("GET", f"{V1}/sites/acme%0A", {}, 422, "invalid-parameter", "path", "lower"),
    "a site with NUL": ("GET", f"{V1}/sites/acme%00", {}, 422, "invalid-parameter", "site", "lower"),
    "a site with a brace": ("GET", f"{V1}/sites/%7B0%7D", {}, 422, "invalid-parameter", "site", "lower"),
    "a site that is no UTF-8": ("GET", f"{V1}/sites/%ff", {}, 422, "invalid-parameter", "site", "lower"),
    "version 0": ("GET", f"{PAGE}/versions/0", {}, 422, "invalid-parameter", "number", "1, 2, 3"),
    "version -1": ("GET", f"{PAGE}/versions/-1", {}, 422, "invalid-parameter", "number", "1, 2, 3"),
    "version one": ("GET", f"{PAGE}/versions/one", {}, 422, "invalid-parameter", "number", "1, 2, 3"),
    "a version beyond counting": ("GET", f"{PAGE}/versions/{'9' * 5000}", {}, 422, "invalid-parameter", "number", "1"),
    "a version in Arabic digits": ("GET", f"{PAGE}/versions/%D9%A1", {}, 422, "invalid-parameter", "number", "1, 2"),
    "publication 0": ("GET", f"{PAGE}/publications/0", {}, 422, "invalid-parameter", "seq", "1, 2, 3"),
    "a limit of 0": ("GET", f"{V1}/sites?limit=0", {}, 422, "invalid-parameter", "limit", "1 to 200"),
    "a limit of 1000": ("GET", f"{V1}/sites?limit=1000", {}, 422, "invalid-parameter", "limit", "1 to 200"),
    "a limit that is a word": ("GET", f"{V1}/sites?limit=all", {}, 422, "invalid-parameter", "limit", "1 to 200"),
    "a limit that is empty": ("GET", f"{V1}/sites?limit=", {}, 422, "invalid-parameter", "limit", "1 to 200"),
    "a cursor that is no slug": ("GET", f"{V1}/sites?cursor=%5B", {}, 422, "invalid-parameter", "cursor", "next"),
    "a cursor that no stream has": (
        "GET",
        f"{V1}/audit?cursor={'9' * 20}-0",
        {},
        422,
        "invalid-parameter",
        "cursor",
        "next",
    ),
    "a cursor that is no number": ("GET", f"{PAGE}/versions?cursor=a", {}, 422, "invalid-parameter", "cursor", "next"),
    "an empty key": ("POST", SAVE, {"idempotency-key": ""}, 422, "invalid-parameter", "Idempotency-Key", "255"),
    "a long key": ("POST", SAVE, {"idempotency-key": "k" * 256}, 422, "invalid-parameter", "Idempotency-Key", "255"),
    "a key with a space": (
        "POST",
        SAVE,
        {"idempotency-key": "a b"},
        422,
        "invalid-parameter",
        "Idempotency-Key",
        "255",
    ),
    "a key on a deletion": (
        "DELETE",
        f"{PAGE}/publications/live",
        {"idempotency-key": "a b"},
        422,
        "invalid-parameter",
        "Idempotency-Key",
        "255",
    ),
    "a form": (
        "POST",
        SAVE,
        {"content-type": "application/x-www-form-urlencoded"},
        415,
        "unsupported-media-type",
        "Content-Type",
        "application/json",
    ),
    "a body in Latin-1": (
        "POST",
        SAVE,
        {"content-type": "application/json; charset=iso-8859-1"},
        415,
        "unsupported-media-type",
        "Content-Type",
        "UTF-8",
    ),
    "a compressed body": (
        "POST",
        SAVE,
        {"content-encoding": "gzip"},
        415,
        "unsupported-media-type",
        "Content-Encoding",
        "uncompressed",
    ),
}


@pytest.mark.redis7
@pytest.mark.parametrize("wrong", PARTS)
async def test_a_part_of_a_request_is_refused_with_its_mend(
    web: httpx2.AsyncClient, client: Client, wrong: str
) -> None:
    method, address, headers, status, code, parameter, word = PARTS[wrong]
    await publish(web)
    before = await everything(client)

    content = config(title="A") if method == "POST" else None
    answer = await web.request(method, address, headers=headers, content=content)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    [error] = problem["errors"]
    assert error["parameter"] == parameter
    assert word in error["mend"]
    assert "pointer" not in error
    assert await everything(client) == before


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "application/vnd.platen+json", None]
)
async def test_json_is_read_by_any_of_its_names(web: httpx2.AsyncClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}

    answer = await web.post(SAVE, content=config(title="A"), headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize("version", [0, -1, 10**30, "1", 1.5, True, None])
async def test_only_a_number_from_1_on_is_published(web: httpx2.AsyncClient, client: Client, version: Any) -> None:
    await publish(web)
    before = await everything(client)

    answer = await web.post(f"{PAGE}/publications", json={"version": version})

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], "number of a version" in error["mend"]) == ("/version", True)
    assert await everything(client) == before


@pytest.mark.parametrize("slug", ["", "Acme", "a/b", "..", "-a", "a-", "a\n", "a" * 64, "ä"])
async def test_only_a_slug_becomes_a_site(web: httpx2.AsyncClient, client: Client, slug: str) -> None:
    before = await everything(client)

    answer = await web.post(f"{V1}/sites", json={"slug": slug})

    assert answer.status_code == 422
    assert "lower-case letters" in answer.json()["errors"][0]["mend"]
    assert await everything(client) == before


async def test_a_method_that_is_not_possible_says_which_are(web: httpx2.AsyncClient) -> None:
    answer = await web.put(f"{V1}/sites", json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert answer.json()["errors"][0]["mend"] == "use GET, HEAD, POST"


@pytest.mark.parametrize("address", ["/-/api", "/-/api/", "/-/api/v2/sites", f"{V1}/sites/", f"{V1}/sites/acme/x"])
async def test_an_address_at_which_nothing_is_says_where_to_look(web: httpx2.AsyncClient, address: str) -> None:
    answer = await web.get(address)

    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-address")
    assert "openapi.json" in answer.json()["errors"][0]["mend"]
