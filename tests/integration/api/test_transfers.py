"""A site as one file, out and in again."""

from typing import Any

import httpx2
import msgspec
import pytest

from services.api import exports, imports
from shared.connection import Client
from shared.errors import StoreUncertain
from shared.keys import Keys
from shared.publishing import Publishing
from shared.roles import ROLES
from shared.settings import Settings
from tests.integration.api.building import build_all
from tests.integration.api.conftest import CONFIG, V1, Opener, everything
from tests.integration.api.test_roles import as_somebody

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]

SITE = f"{V1}/sites/acme"
OTHER = f"{V1}/sites/other"


async def save(web: httpx2.AsyncClient, page: str, title: str, *, publish: bool = False, site: str = SITE) -> None:
    body = {"config": {"title": title}, "publish": publish}
    answer = await web.post(f"{site}/pages/{page}/versions", json=body)
    assert answer.status_code == 201, answer.text


async def draft(web: httpx2.AsyncClient, page: str, config: Any, site: str = SITE) -> None:
    address = f"{site}/pages/{page}/draft"
    seen = (await web.get(address)).headers["etag"]
    assert (await web.put(address, json={"config": config}, headers={"if-match": seen})).status_code == 200


async def exported(web: httpx2.AsyncClient, site: str = SITE) -> dict[str, Any]:
    answer = await web.get(f"{site}/export")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def imported(web: httpx2.AsyncClient, file: Any, site: str = SITE, **headers: str) -> dict[str, Any]:
    answer = await web.post(f"{site}/import", json=file, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def outcomes(report: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [(page["page"], page["outcome"], page["version"]) for page in report["pages"]]


def file_of(*pages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format": "platen-site", "schema": 1, "site": {"slug": "acme", "title": "Acme"}, "pages": pages, **more}


def contents(file: dict[str, Any]) -> list[dict[str, Any]]:
    """The pages of a file but for what differs from site to site."""
    return [{name: value for name, value in page.items() if name != "live_version"} for page in file["pages"]]


@pytest.fixture
async def full(web: httpx2.AsyncClient, client: Client, keys: Keys, site: None) -> None:
    """The site acme with a page of each kind, and the empty site other."""
    await web.put(f"{SITE}/hostnames", json={"hostnames": ["www.example.com"]})
    await web.put(f"{SITE}/defaults", json={"config": {"lang": "de", "background": "white"}})
    await save(web, "live", "Live", publish=True)
    await build_all(client, keys)
    await save(web, "live", "Saved later")
    await save(web, "saved", "Saved")
    await save(web, "drafted", "Saved")
    await draft(web, "drafted", {"title": "", "widgets": [{"type": "zork"}], "note": "not done"})
    await draft(web, "new", {"title": "Draft only"})
    assert (await web.post(f"{V1}/sites", json={"slug": "other"})).status_code == 201


@pytest.mark.usefixtures("full")
async def test_an_export_is_a_file_of_all_that_a_site_holds(web: httpx2.AsyncClient) -> None:
    answer = await web.get(f"{SITE}/export")

    file = answer.json()
    assert answer.headers["content-disposition"] == 'attachment; filename="acme.json"'
    assert (file["format"], file["schema"]) == ("platen-site", 1)
    assert (file["site"]["slug"], file["site"]["hostnames"]) == ("acme", ["www.example.com"])
    assert file["site"]["defaults"] == {"lang": "de", "background": "#ffffff"}
    titles = [
        (
            page["page"],
            page["title"],
            page["live_version"],
            page.get("config", {}).get("title"),
            page.get("draft", {}).get("title"),
        )
        for page in file["pages"]
    ]
    assert titles == [
        ("drafted", "Saved", 0, "Saved", ""),
        ("live", "Live", 1, "Live", "Saved later"),
        ("new", "Draft only", 0, None, "Draft only"),
        ("saved", "Saved", 0, "Saved", None),
    ]


@pytest.mark.usefixtures("full")
async def test_what_is_imported_is_what_was_exported(web: httpx2.AsyncClient) -> None:
    file = await exported(web)

    report = await imported(web, file, OTHER)

    assert report["defaults"] == "saved"
    assert outcomes(report) == [
        ("drafted", "saved", 1),
        ("live", "saved", 1),
        ("new", "saved", None),
        ("saved", "saved", 1),
    ]
    copy = await exported(web, OTHER)
    assert contents(copy) == contents(file)
    assert copy["site"]["defaults"] == file["site"]["defaults"]
    assert (copy["site"]["slug"], copy["site"]["hostnames"]) == ("other", [])


@pytest.mark.usefixtures("full")
async def test_importing_again_changes_nothing(web: httpx2.AsyncClient, client: Client) -> None:
    file = await exported(web)
    await imported(web, file, OTHER, **{"idempotency-key": "a"})
    before = await everything(client)

    for site in (SITE, OTHER):
        report = await imported(web, file, site, **{"idempotency-key": "a"})

        assert {page["outcome"] for page in report["pages"]} == {"unchanged"}, site
        assert report["defaults"] == "unchanged"
    remembered = {key for key in await everything(client) if b":idempotency:acme:" in key}
    assert {key: value for key, value in (await everything(client)).items() if key not in remembered} == {
        key: value for key, value in before.items() if key not in remembered
    }


async def test_nothing_is_published_unless_that_is_asked_for(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    file = file_of({"page": "spring", "config": CONFIG})
    await imported(web, file)
    assert (await web.get(f"{SITE}/pages/spring")).json()["publication"] is None

    report = await imported(web, {**file, "publish": True})

    assert outcomes(report) == [("spring", "saved", 1)]
    await build_all(client, keys)
    assert (await web.get(f"{SITE}/pages/spring")).json()["live"]["version"] == 1
    assert outcomes(await imported(web, {**file, "publish": True})) == [("spring", "unchanged", 1)]
    fresh = file_of({"page": "summer", "config": CONFIG}, publish=True)
    assert outcomes(await imported(web, fresh)) == [("summer", "saved", 1)]
    assert (await web.get(f"{SITE}/pages/summer")).json()["publication"]["state"] == "queued"


async def test_a_page_that_cannot_be_is_refused_by_its_fields_and_costs_the_others_nothing(
    web: httpx2.AsyncClient,
) -> None:
    file = file_of(
        {"page": "good", "config": CONFIG},
        {"page": "bad", "config": {"widgets": [{"type": "hero"}]}},
        {"page": "empty"},
        {"page": "odd-draft", "config": CONFIG, "draft": [1]},
        {"page": "deep", "draft": {"a": msgspec.json.decode(b"[" * 40 + b"]" * 40)}},
        {"page": "large", "draft": {"title": "a" * 100_000}},
        {"page": "last", "draft": {"title": ""}},
    )

    report = await imported(web, file)

    assert [page["outcome"] for page in report["pages"]] == ["saved", *["refused"] * 5, "saved"]
    bad = report["pages"][1]
    assert bad["detail"] == "config/title: title is missing."
    assert [fault["pointer"] for fault in bad["faults"]] == ["/pages/1/config/title", "/pages/1/config/widgets/0/title"]
    pointers = [page["faults"][0]["pointer"] for page in report["pages"][2:6]]
    assert pointers == ["/pages/2", "/pages/3/draft", "/pages/4/draft", "/pages/5"]
    assert all(fault["mend"] for page in report["pages"] for fault in page["faults"])
    listed = (await web.get(f"{SITE}/pages")).json()["items"]
    assert [item["page"] for item in listed] == ["good", "last"]


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        ({}, "/format"),
        ({**file_of(), "format": "zork"}, "/format"),
        ({**file_of(), "schema": 2}, "/schema"),
        ({**file_of(), "owner": 2}, "/owner"),
        (file_of({"page": "No Slug", "config": CONFIG}), "/pages/0/page"),
        (file_of({"page": "a"}, {"config": CONFIG}), "/pages/1/page"),
        (file_of({"page": "a", "draught": {}}), "/pages/0/draught"),
        (file_of({"page": "a", "draft": {}}, {"page": "a", "draft": {}}), "/pages/1/page"),
        ({**file_of(), "site": {"slug": "a", "title": "A", "defaults": {"lang": ""}}}, "/site/defaults/lang"),
    ],
)
async def test_a_file_that_is_none_is_refused_by_its_field_and_changes_nothing(
    web: httpx2.AsyncClient, client: Client, file: Any, pointer: str
) -> None:
    before = await everything(client)

    answer = await web.post(f"{SITE}/import", json=file)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await everything(client) == before


async def test_a_file_that_ends_early_is_no_file(web: httpx2.AsyncClient) -> None:
    await save(web, "spring", "A")
    content = (await web.get(f"{SITE}/export")).content

    answer = await web.post(f"{SITE}/import", content=content[:-3], headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_file_has_a_bound_of_its_own(opened: Opener, settings: Settings, web: httpx2.AsyncClient) -> None:
    pages = [{"page": f"p{number}", "draft": {"title": "a" * 1_000}} for number in range(200)]
    assert len(msgspec.json.encode(file_of(*pages))) > settings.max_body_bytes

    assert len((await imported(web, file_of(*pages)))["pages"]) == 200

    async with opened(msgspec.structs.replace(settings, max_import_bytes=1_000)) as bounded:
        answer = await bounded.post(f"{SITE}/import", json=file_of(*pages))
        assert (answer.status_code, answer.json()["errors"][0]["mend"]) == (
            413,
            "send less, or raise PLATEN_MAX_IMPORT_BYTES",
        )


async def test_nobodys_draft_is_replaced(web: httpx2.AsyncClient, client: Client) -> None:
    await draft(web, "spring", {"title": "Somebody's work"})
    file = file_of({"page": "spring", "config": CONFIG, "draft": {"title": "Other"}})
    before = await everything(client)

    report = await imported(web, file)

    [page] = report["pages"]
    assert (page["outcome"], page["version"]) == ("refused", None)
    assert page["detail"] == "admin has saved another draft of the page. Publish or delete that first."
    after = await everything(client)
    assert {key: after[key] for key in before} == before
    assert outcomes(await imported(web, file_of({"page": "spring", "config": CONFIG}))) == [("spring", "saved", 1)]
    assert (await web.get(f"{SITE}/pages/spring/draft")).json()["config"] == {"title": "Somebody's work"}


async def test_a_draft_is_saved_where_it_is_not_what_an_editor_would_find_anyway(web: httpx2.AsyncClient) -> None:
    await save(web, "spring", "Old")
    old = (await web.get(f"{SITE}/pages/spring/draft")).json()["config"]

    await imported(web, file_of({"page": "spring", "config": CONFIG, "draft": old}))
    await imported(web, file_of({"page": "summer", "config": CONFIG, "draft": CONFIG}))

    spring = (await web.get(f"{SITE}/pages/spring/draft")).json()
    assert (spring["config"], spring["is_saved"], spring["base_version"]) == (old, True, 2)


async def test_whoever_may_not_publish_imports_without_that(
    web: httpx2.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLES, "operator", frozenset({"look", "manage"}))
    headers = await as_somebody(client, {"acme": "operator"})
    file = file_of({"page": "spring", "config": CONFIG})

    answer = await web.post(f"{SITE}/import", json={**file, "publish": True}, headers=headers)

    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "somebody may not publish, schedule, roll back and take pages off on acme.",
    )
    assert outcomes(await imported(web, file, **headers)) == [("spring", "saved", 1)]


async def test_defaults_that_are_there_stay(web: httpx2.AsyncClient) -> None:
    await web.put(f"{SITE}/defaults", json={"config": {"lang": "fr"}})
    site = {"slug": "acme", "title": "Acme", "defaults": {"lang": "de"}}

    report = await imported(web, {**file_of(), "site": site})

    assert report["defaults"] == "refused"
    assert (await web.get(f"{SITE}/defaults")).json()["config"] == {"lang": "fr"}


async def test_a_key_is_for_one_file(web: httpx2.AsyncClient) -> None:
    await imported(web, file_of({"page": "a", "config": CONFIG}), **{"idempotency-key": "k"})

    other = file_of({"page": "b", "config": CONFIG})
    answer = await web.post(f"{SITE}/import", json=other, headers={"idempotency-key": "k"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


async def test_when_redis_goes_away_every_page_that_is_left_is_told(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(*({"page": f"p{number}", "config": CONFIG} for number in range(5)))
    whole = Publishing.save

    async def save(self: Publishing, site: str, page: str, *args: Any, **more: Any) -> Any:
        if page == "p2":
            raise StoreUncertain("gone")
        return await whole(self, site, page, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Publishing, "save", save)
        report = await imported(web, file)

    assert [page["outcome"] for page in report["pages"]] == ["saved", "saved", "refused", "refused", "refused"]
    assert "Import the file again" in report["pages"][4]["detail"]
    again = await imported(web, file)
    assert [page["outcome"] for page in again["pages"]] == ["unchanged", "unchanged", "saved", "saved", "saved"]


async def test_a_file_is_written_and_read_in_stretches(
    web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STRETCH", 2)
    monkeypatch.setattr(imports, "STRETCH", 3)
    pages = [{"page": f"p{number}", "config": {"title": f"Page {number}"}} for number in range(7)]

    assert outcomes(await imported(web, file_of(*pages))) == [(page["page"], "saved", 1) for page in pages]

    assert [page["page"] for page in (await exported(web))["pages"]] == [page["page"] for page in pages]


async def test_an_empty_site_is_a_file_too(web: httpx2.AsyncClient) -> None:
    file = await exported(web)

    assert file["pages"] == []
    assert await imported(web, file) == {"defaults": "unchanged", "pages": []}


async def test_a_page_of_which_only_the_finished_bytes_are_known_is_told(
    web: httpx2.AsyncClient, client: Client, keys: Keys
) -> None:
    await save(web, "spring", "Spring", publish=True)
    await build_all(client, keys)
    await client.delete(keys.versions("acme", "spring"))

    [page] = (await exported(web))["pages"]

    assert (page["live_version"], page.get("config"), page.get("draft")) == (1, None, {})


async def test_whoever_may_not_manage_a_site_takes_nothing_of_it(web: httpx2.AsyncClient, client: Client) -> None:
    headers = await as_somebody(client, {"acme": "publisher"})

    assert (await web.get(f"{SITE}/export", headers=headers)).status_code == 403
    assert (await web.post(f"{SITE}/import", json=file_of(), headers=headers)).status_code == 403


async def test_a_site_that_is_not_there_is_no_file(web: httpx2.AsyncClient) -> None:
    assert (await web.get(f"{V1}/sites/nowhere/export")).status_code == 404
    assert (await web.post(f"{V1}/sites/nowhere/import", json=file_of())).status_code == 404
