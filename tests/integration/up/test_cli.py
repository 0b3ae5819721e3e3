"""The CLI against a running Platen: what people see."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from services.client import Api, Problem
from services.commands.dead import remove_all
from services.show.watching import Watcher
from services.valkey import wait_for
from shared import servers
from shared.connection import connect
from shared.idempotency import Request
from shared.keys import Keys
from shared.settings import Settings
from tests.harness import ROOT, SPRING_SALE, TOKEN, Up, run_cli
from tests.stores import Stores

SETTINGS = Settings.__struct_fields__


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


def write(folder: Path, config: object) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return str(path)


def test_publish_and_watch_shows_each_step_with_its_time(up: Up) -> None:
    shown = run_cli("publish", str(SPRING_SALE), "--page", "watched/spring", "--watch", data=up.data)

    assert shown.returncode == 0, shown.stderr
    steps = [line.split()[0] for line in shown.stdout.splitlines() if line.startswith("  ")]
    assert steps == ["queued", "building", "live"]
    assert "live on 1 of 1 server in " in shown.stdout
    assert f"{up.url}/watched/spring" in shown.stdout
    assert " ms" in shown.stdout


def test_rollback_goes_to_the_version_before_and_versions_show_it(up: Up, tmp_path: Path) -> None:
    for number in (1, 2):
        path = write(tmp_path, {"title": f"Take {number}"})
        assert run_cli("publish", path, "--page", "back/home", "--watch", data=up.data).returncode == 0

    back = run_cli("rollback", "back/home", "--watch", data=up.data)

    assert back.returncode == 0, back.stderr
    listed = run_cli("versions", "back/home", data=up.data).stdout.splitlines()
    assert [line.split()[0] for line in listed if line.startswith("v")][1:] == ["v2", "v1"]
    assert next(line for line in listed if line.startswith("v1")).rstrip().endswith("live")


def test_pages_of_a_site_are_listed_with_their_addresses(up: Up, tmp_path: Path) -> None:
    run_cli("publish", write(tmp_path, {"title": "Home"}), "--page", "listed", "--watch", data=up.data)

    listed = run_cli("pages", "listed", data=up.data)

    assert "listed/index" in listed.stdout
    assert f"{up.url}/listed\n" in listed.stdout


def test_a_site_gets_hostnames_and_a_page_another_address(up: Up, tmp_path: Path) -> None:
    path = write(tmp_path, {"title": "Spring"})
    assert run_cli("publish", path, "--page", "named/spring", "--watch", data=up.data).returncode == 0

    named = run_cli("hostnames", "named", "WWW.named.example", "named.example", data=up.data)
    moved = run_cli("move", "named/spring", "summer", data=up.data)

    assert (named.returncode, named.stdout) == (0, "www.named.example\nnamed.example\n")
    assert (moved.returncode, moved.stdout) == (0, f"named/spring is now named/summer: {up.url}/named/summer\n")
    host = {"host": "named.example"}
    assert wait_for(lambda: httpx2.get(f"{up.url}/summer", headers=host, trust_env=False).status_code == 200, 10)
    old = httpx2.get(f"{up.url}/spring", headers=host, trust_env=False)
    assert (old.status_code, old.headers["location"]) == (301, "/summer")
    assert run_cli("hostnames", "named", data=up.data).stdout == named.stdout
    none = run_cli("hostnames", "named", "--none", data=up.data)
    assert none.stdout == "named has no hostname of its own\n"


def test_a_refused_config_names_field_and_mend(up: Up, tmp_path: Path) -> None:
    refused = run_cli("publish", write(tmp_path, {"titel": "Typo"}), "--page", "refused/spring", data=up.data)

    assert refused.returncode == 1
    assert "/config/titel" in refused.stderr
    assert "title" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_tours_refusal_is_the_real_one(up: Up) -> None:
    run_cli("publish", str(SPRING_SALE), "--page", "acme/spring", data=up.data)

    refused = httpx2.post(
        f"{up.url}/-/api/v1/sites/acme/pages/spring/versions",
        headers={"authorization": f"Bearer {TOKEN}"},
        json={"config": {"titel": "Spring sale"}, "publish": True},
        trust_env=False,
    )

    assert refused.text in (ROOT / "README.md").read_text()


def test_a_file_that_is_not_json_is_one_clear_line(up: Up, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{"title": ')

    refused = run_cli("publish", str(path), "--page", "acme/spring", data=up.data)

    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_bad_page_name_is_wrong_usage(up: Up) -> None:
    refused = run_cli("publish", str(SPRING_SALE), "--page", "Acme/../x", data=up.data)

    assert refused.returncode == 2
    assert "lower-case" in refused.stderr


def test_a_wrong_token_is_refused(up: Up) -> None:
    refused = run_cli("pages", PLATEN_URL=up.url, PLATEN_TOKEN="nonsense-nonsense")

    assert refused.returncode == 1
    assert "set PLATEN_TOKEN" in refused.stderr


def test_accounts_are_made_listed_invited_and_removed(up: Up) -> None:
    added = run_cli("accounts", "add", "Ada L", "--role", "editor", "--site", "acme", data=up.data)
    listed = run_cli("accounts", "list", data=up.data)
    invited = run_cli("accounts", "invite", "ada l", data=up.data)
    removed = run_cli("accounts", "remove", "Ada L", data=up.data)
    again = run_cli("accounts", "remove", "Ada L", data=up.data)

    links = [answer.stdout.strip() for answer in (added, invited)]
    assert all(link.startswith(f"{up.url}/-/editor/invitation#") for link in links)
    assert links[0] != links[1]
    assert "editor on acme" in listed.stdout
    assert "has not joined yet" in listed.stdout
    assert removed.stdout == "removed Ada L\n"
    assert (again.returncode, len(again.stderr.strip().splitlines())) == (1, 1)


def test_a_token_is_made_printed_alone_listed_and_revoked(up: Up) -> None:
    made = run_cli("token", "make", "nightly import", "--role", "viewer", "--days", "1", data=up.data)
    token = made.stdout.strip()
    listed = run_cli("token", "list", data=up.data)
    name = next(line.split()[0] for line in listed.stdout.splitlines() if token[-4:] in line)

    assert run_cli("pages", PLATEN_URL=up.url, PLATEN_TOKEN=token).returncode == 0
    assert run_cli("token", "revoke", name, data=up.data).stdout == f"revoked {name}\n"
    assert run_cli("pages", PLATEN_URL=up.url, PLATEN_TOKEN=token).returncode == 1


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["accounts", "add", "a/b", "--role", "viewer"], "64 letters"),
        (["accounts", "invite", "Nobody"], "platen accounts list"),
        (["token", "revoke", "0123"], "platen token list"),
        (["dead", "show", "0-7-0"], "platen dead list"),
        (["dead", "remove", "7-0"], "platen dead list"),
        (["pages", "nowhere"], "platen publish FILE --page"),
        (["versions", "nowhere/x"], "platen publish FILE --page"),
        (["unpublish", "hints/x"], "platen pages SITE"),
        (["rollback", "hints/spring", "999"], "platen versions SITE/PAGE"),
    ],
)
def test_what_is_not_there_is_mended_with_a_command(up: Up, command: list[str], hint: str) -> None:
    run_cli("publish", str(SPRING_SALE), "--page", "hints/spring", data=up.data)

    refused = run_cli(*command, data=up.data)

    assert refused.returncode == 1
    assert hint in refused.stderr
    assert not {"GET", "POST"} & set(refused.stderr.split())


@pytest.mark.parametrize("service", ["up", "api", "server", "builder"])
def test_a_services_help_names_the_settings_that_matter(service: str) -> None:
    shown = run_cli(service, "--help").stdout

    assert "PLATEN_REDIS_URL" in shown
    assert all(
        name.strip(".,;").removeprefix("PLATEN_").lower() in SETTINGS for name in shown.split() if "PLATEN_" in name
    )


def test_without_a_running_platen_the_cli_says_how_to_start_one(tmp_path: Path) -> None:
    refused = run_cli("pages", data=tmp_path / "nowhere")

    assert refused.returncode == 1
    assert "platen up" in refused.stderr


def test_an_address_where_nobody_listens_is_one_clear_line(tmp_path: Path) -> None:
    refused = run_cli("pages", data=tmp_path, PLATEN_URL="http://127.0.0.1:1", PLATEN_TOKEN="x" * 16)

    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "http://127.0.0.1:1 is not reached" in refused.stderr
    assert ".." not in refused.stderr


def test_a_misspelt_setting_refuses_to_start(tmp_path: Path) -> None:
    refused = run_cli("pages", data=tmp_path, PLATEN_TOKN="x")

    assert refused.returncode == 1
    assert "Did you mean PLATEN_TOKEN" in refused.stderr


def test_a_site_is_rebuilt_with_its_progress_watched(up: Up, tmp_path: Path) -> None:
    for page in ("a", "b"):
        run_cli("publish", write(tmp_path, {"title": page}), "--page", f"again/{page}", "--watch", data=up.data)

    done = run_cli("rebuild", "--site", "again", "--watch", data=up.data)

    assert done.returncode == 0, done.stderr
    assert "rebuild 1 of again is done, 2 of 2 pages: 2 live" in done.stdout
    nothing = run_cli("rebuild", "--site", "again", "--cancel", data=up.data)
    assert (nothing.returncode, nothing.stderr) == (1, "platen: No rebuild of again is running.\n")


def create_everywhere(up: Up) -> None:
    with contextlib.suppress(Problem):
        up.api.change("POST", "sites", {"slug": "everywhere", "title": "Everywhere"})


def report(up: Up, server: str, at: str) -> None:
    """Let a server that nobody started say how far it is."""
    keys = Keys()
    call = servers.report(keys, 0, server, at, (500, 3_600_000))
    with redis.from_url(up.redis_url) as client:
        client.eval(call.script.text, len(call.keys), *call.keys, *call.arguments)


def watch(up: Up, page: str, change: tuple[str, str, object]) -> int:
    """Ask for a change of a page of the site `everywhere`, and watch it; the exit code."""
    method, path, body = change
    answer = up.api.change(method, f"sites/everywhere/pages/{page}/{path}", body)
    return Watcher(up.api, "everywhere", page).follow(answer.get("publication", answer)["seq"])


def test_watching_names_the_servers_that_lag(
    up: Up, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("services.show.watching.SERVED_WITHIN_S", 0.5)
    create_everywhere(up)
    report(up, "slow-server", "0-0")
    try:
        code = watch(up, "spring", ("POST", "versions", {"config": {"title": "Spring"}, "publish": True}))
    finally:
        report(up, "slow-server", "")

    shown = capsys.readouterr().out
    assert code == 4
    assert "\nlive in " in shown
    assert "on 1 of 2 servers so far, not yet on slow-server" in shown


def test_watching_says_when_a_server_fell_silent(up: Up, capsys: pytest.CaptureFixture[str]) -> None:
    create_everywhere(up)
    report(up, "silent-server", "0-0")

    code = watch(up, "summer", ("POST", "versions", {"config": {"title": "Summer"}, "publish": True}))

    shown = capsys.readouterr().out
    assert code == 0
    assert "\nlive on 1 of 2 servers in " in shown
    assert "no word from silent-server" in shown


def test_an_older_api_that_knows_nothing_of_servers_is_not_waited_for(
    up: Up, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create_everywhere(up)
    get = up.api.get

    def of_before(path: str, **query: str | int) -> Any:
        found = get(path, **query)
        return {name: value for name, value in found.items() if name != "served"}

    monkeypatch.setattr(up.api, "get", of_before)
    code = watch(up, "autumn", ("POST", "versions", {"config": {"title": "Autumn"}, "publish": True}))

    assert code == 0
    assert "\nlive in " in capsys.readouterr().out


def test_a_page_that_is_taken_off_is_watched_to_the_last_server(up: Up, tmp_path: Path) -> None:
    published = run_cli("publish", write(tmp_path, {"title": "Off"}), "--page", "off/taken", "--watch", data=up.data)

    shown = run_cli("unpublish", "off/taken", "--watch", data=up.data)

    assert (published.returncode, shown.returncode) == (0, 0), shown.stderr
    assert "taken off on 1 of 1 server in " in shown.stdout


def test_servers_are_listed_with_how_far_they_are(up: Up) -> None:
    pid = up.process.pid  # type: ignore[union-attr]
    header, *listed = run_cli("servers", data=up.data).stdout.splitlines()

    assert header.split() == ["server", "state", "behind", "pages", "MiB", "streams"]
    assert [f"-{pid}-" in line and "following" in line for line in listed] == [True]


def test_builders_are_listed_quietened_and_let_go_on(up: Up) -> None:
    [name] = [line.split()[0] for line in run_cli("builders", data=up.data).stdout.splitlines()[1:]]

    assert "told 1 builder" in run_cli("quiet", name, data=up.data).stdout
    assert wait_for(lambda: "quiet" in run_cli("builders", data=up.data).stdout, 10)
    assert "1 builder may go on" in run_cli("resume", data=up.data).stdout
    assert wait_for(lambda: "idle" in run_cli("builders", data=up.data).stdout, 10)


def test_a_publication_that_waits_is_called_off(up: Up, tmp_path: Path) -> None:
    run_cli("quiet", data=up.data)
    assert wait_for(lambda: {each["state"] for each in up.api.get("builders")["items"]} == {"quiet"}, 20)
    published = run_cli("publish", write(tmp_path, {"title": "Off"}), "--page", "off/waiting", data=up.data)

    done = run_cli("cancel", "off/waiting", "1", data=up.data)
    again = run_cli("cancel", "off/waiting", "1", data=up.data)

    run_cli("resume", data=up.data)
    assert published.returncode == 0, published.stderr
    assert (done.returncode, done.stdout) == (0, "publication 1 of off/waiting (v1) is cancelled\n")
    assert (again.returncode, "Publication 1 is cancelled." in again.stderr) == (1, True)


def test_a_site_goes_out_as_a_file_and_in_again(up: Up, tmp_path: Path) -> None:
    for page in ("one", "two"):
        run_cli("publish", write(tmp_path, {"title": page}), "--page", f"away/{page}", "--watch", data=up.data)
    file = tmp_path / "away.json"

    written = run_cli("export", "away", "--to", str(file), data=up.data)
    shown = run_cli("export", "away", data=up.data)
    first = run_cli("import", str(file), "--site", "back-again", "--publish", data=up.data)
    second = run_cli("import", str(file), "--site", "back-again", "--publish", data=up.data)

    assert (written.returncode, written.stdout, shown.stdout) == (0, "", file.read_text())
    assert [page["page"] for page in json.loads(shown.stdout)["pages"]] == ["one", "two"]
    assert first.returncode == 0, first.stderr
    assert first.stderr == "created the site back-again\n"
    assert first.stdout.splitlines() == ["saved  one v1", "saved  two v1", "2 saved, 0 unchanged, 0 refused"]
    assert wait_for(lambda: httpx2.get(f"{up.url}/back-again/two", trust_env=False).status_code == 200, 10)
    assert second.stdout == "0 saved, 2 unchanged, 0 refused\n"


def test_an_import_says_which_pages_were_refused_and_why(up: Up, tmp_path: Path) -> None:
    pages = [{"page": "good", "config": {"title": "A"}}, {"page": "bad", "config": {"title": ""}}]
    site = {"format": "platen-site", "schema": 1, "site": {"slug": "a", "title": "A"}, "pages": pages}

    some = run_cli("import", write(tmp_path, site), "--site", "refusing", data=up.data)
    none = run_cli("import", write(tmp_path, {**site, "format": "zork"}), "--site", "refusing", data=up.data)
    odd = run_cli("import", write(tmp_path, []), "--site", "refusing", data=up.data)
    gone = run_cli("export", "nowhere", "--to", str(tmp_path / "nowhere.json"), data=up.data)

    assert some.returncode == 1
    assert "refused  bad  config/title: This needs at least 1 character; it has 0." in some.stdout
    assert "1 saved, 0 unchanged, 1 refused" in some.stdout
    assert (none.returncode, "/format: " in none.stderr) == (1, True)
    assert (odd.returncode, "is not a site" in odd.stderr) == (1, True)
    assert (gone.returncode, "There is no site 'nowhere'" in gone.stderr) == (1, True)
    assert not (tmp_path / "nowhere.json").exists()


async def fail_for_good(url: str, site: str) -> None:
    """Publish what no builder can render, past the api that would refuse it, and add an entry that nobody can read."""
    client = connect(url)
    stores = Stores(client, Keys(), Settings(redis_url=url))
    await stores.sites.create(site, "Dead", Request("ada", "", f"site {site}", "f"))
    bad, request = b'{"title":"Bad","widgets":[{"type":"hologram"}]}', Request("ada", "", site, "f")
    await stores.publishing.save(site, "bad", bad, "", publish=True, request=request)
    await client.xadd(Keys().builds(0), {"type": "config-published", "data": b"\xff"})
    await client.aclose()


def test_dead_letters_are_listed_shown_and_removed(up: Up) -> None:
    assert run_cli("dead", "list", data=up.data).stdout == "No dead letters.\n"
    asyncio.run(fail_for_good(up.run_file["redis_url"], "dead"))
    assert wait_for(lambda: len(up.api.get("dead-letters")["items"]) == 2, 20)
    assert "platen_dead_letters 2.0" in httpx2.get(f"{up.url}/-/metrics", trust_env=False).text

    [line] = run_cli("dead", "list", "--page", "dead/bad", data=up.data).stdout.splitlines()[1:]
    letter = line.split()[0]
    shown = run_cli("dead", "show", letter, data=up.data).stdout
    newest = run_cli("dead", "list", "--limit", "1", data=up.data).stdout
    removed = run_cli("dead", "remove", letter, data=up.data)
    asked = run_cli("dead", "remove", "--all", data=up.data)
    left = run_cli("dead", "list", data=up.data).stdout.splitlines()[1:]
    cleared = run_cli("dead", "remove", "--all", "--yes", data=up.data)

    assert ("dead/bad" in line, "render-failed" in line, "hologram" in line) == (True, True, True)
    assert "Traceback (most recent call last)" in shown
    assert "platen publish FILE --page dead/bad" in shown
    assert f"platen dead remove {letter}" in shown
    assert newest.endswith("--limit shows more.\n")
    assert (removed.returncode, removed.stdout) == (0, f"removed {letter}\n")
    # Nobody answered, so nothing was removed.
    assert (asked.returncode, "Remove 1 dead letter?" in asked.stderr, len(left)) == (130, True, 1)
    assert (cleared.returncode, cleared.stdout) == (0, "removed 1 dead letter\n")
    assert run_cli("dead", "list", data=up.data).stdout == "No dead letters.\n"


class Late(Api):
    """Somebody who is slower than somebody else: what was listed first is gone by now."""

    def get(self, path: str, **query: str | int) -> Any:
        listed = super().get(path, **query)
        for letter in listed["items"][:1]:
            super().change("DELETE", f"{path}/{letter['id']}")
        return listed


def test_what_somebody_else_removed_meanwhile_is_passed_over(up: Up, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(fail_for_good(up.run_file["redis_url"], "late"))
    assert wait_for(lambda: len(up.api.get("dead-letters")["items"]) == 2, 20)

    with contextlib.closing(Late(up.api.target)) as client:
        remove_all(client, has_agreed=True)

    assert capsys.readouterr().out == "removed 2 dead letters\n"
    assert up.api.get("dead-letters")["items"] == []
