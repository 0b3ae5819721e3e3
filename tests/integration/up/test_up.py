"""`platen up` as its users run it: processes, signals, crashes."""

import json
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from services.client import Message
from services.valkey import wait_for
from shared.keys import Keys
from tests.harness import SPRING_SALE, TOKEN, Up, collect, end_of, run_cli

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with Up(tmp_path / "data") as running:
        yield running


def config(title: str) -> dict[str, Any]:
    return {"title": title, "widgets": [{"type": "text", "body": f"**{title}** and more."}]}


def publish(up: Up, page: str, title: str) -> dict[str, Any]:
    body = {"config": config(title), "publish": True}
    answer: dict[str, Any] = up.api.change("POST", f"sites/acme/pages/{page}/versions", body)
    return answer


def create_site(up: Up) -> None:
    up.api.change("POST", "sites", {"slug": "acme", "title": "Acme"})


def events(up: Up) -> list[dict[str, Any]]:
    with redis.from_url(up.redis_url) as client:
        return [json.loads(fields[b"data"]) for _, fields in client.xrange(Keys().events(0))]


def test_a_config_posted_becomes_a_page_and_the_stream_tells(up: Up) -> None:
    create_site(up)
    seq = publish(up, "spring", "Spring is here")["publication"]["seq"]

    publication = end_of(up.api, "acme", "spring", seq)

    assert publication["state"] == "live"
    page = httpx2.get(f"{up.url}/acme/spring", trust_env=False)
    assert page.status_code == 200
    assert "<strong>Spring is here</strong>" in page.text
    [snapshot] = collect(up.api.follow("acme", "spring"), "snapshot")
    assert snapshot.data["live"]["seq"] == seq


def test_when_the_stream_says_live_the_page_is_served_already(up: Up) -> None:
    create_site(up)
    publish(up, "spring", "Take 0")
    messages = up.api.follow("acme", "spring")
    collect(messages, "snapshot")

    for number in range(1, 20):
        seq = publish(up, "spring", f"Take {number}")["publication"]["seq"]
        while True:
            message = collect(messages, "page-built")[-1]
            page = httpx2.get(f"{up.url}/acme/spring", trust_env=False).text
            if message.data["seq"] == seq:
                break
        assert f"Take {number}" in page


def test_a_second_start_on_the_same_data_finds_everything_again(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as first:
        create_site(first)
        end_of(first.api, "acme", "spring", publish(first, "spring", "Kept")["publication"]["seq"])

    with Up(tmp_path / "data") as second:
        page = httpx2.get(f"{second.url}/acme/spring", trust_env=False)
        assert "Kept" in page.text
        assert second.api.get("sites/acme/pages/spring/versions")["items"][0]["number"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_cleanly_while_a_stream_is_open(tmp_path: Path, number: int) -> None:
    with Up(tmp_path / "data") as up:
        create_site(up)
        publish(up, "spring", "Hello")
        messages = up.api.follow("acme", "spring")
        collect(messages, "snapshot")
        builders = children_of(up.process.pid)  # type: ignore[union-attr]

        code = up.stop(number)

        assert code == 0
        assert len(builders) >= 2
        assert wait_for(lambda: not any(map(is_alive, builders)), 10)
        assert "Traceback" not in up.output


def test_killed_in_the_middle_of_200_publishes_nothing_accepted_is_lost(tmp_path: Path) -> None:
    up = Up(tmp_path / "data", "--builders", "2").start()
    create_site(up)
    accepted: list[tuple[str, int]] = []
    enough = threading.Event()

    def post(number: int) -> None:
        page = f"p{number % 20}"
        try:
            publication = publish(up, page, f"Take {number}")["publication"]
        except Exception:
            return
        accepted.append((page, publication["seq"]))
        if len(accepted) >= 100:
            enough.set()

    with ThreadPoolExecutor(8) as pool:
        for number in range(200):
            pool.submit(post, number)
        assert enough.wait(60)
        left_behind = children_of(up.process.pid)  # type: ignore[union-attr]
        up.kill()
        # The clients go on trying against a dead server; what they were not told about is not promised.
        pool.shutdown(cancel_futures=True)
    before = len(accepted)

    with up.start():
        ends = Counter(end_of(up.api, "acme", page, seq)["state"] for page, seq in accepted)

        assert before >= 100
        # Two servers on one append-only file would be the end of it.
        assert wait_for(lambda: not any(map(is_alive, left_behind)), 10)
        assert sum(ends.values()) == before
        assert set(ends) <= {"live", "superseded"}
        built = Counter((event["page"], event["seq"]) for event in events(up) if event["type"] == "page-built")
        assert set(built.values()) == {1}
        for page in {page for page, _ in accepted}:
            state = up.api.get(f"sites/acme/pages/{page}")
            assert state["live"]["seq"] == state["wanted"]["seq"]
            assert httpx2.get(f"{up.url}/acme/{page}", trust_env=False).status_code == 200


def test_500_posts_of_one_key_across_a_restart_make_one_version(tmp_path: Path) -> None:
    up = Up(tmp_path / "data").start()
    create_site(up)
    headers = {"authorization": f"Bearer {TOKEN}", "idempotency-key": "the-one"}
    body = {"config": config("Once"), "publish": True}
    urls = [up.url]
    answers: list[int] = []
    half = threading.Event()

    def post(_number: int) -> dict[str, Any]:
        while True:
            try:
                answer = http.post(f"{urls[-1]}/-/api/v1/sites/acme/pages/spring/versions", json=body)
            except httpx2.TransportError:
                continue
            if answer.status_code == 503:
                continue
            assert answer.status_code == 201, answer.text
            answers.append(answer.status_code)
            if len(answers) >= 150:
                half.set()
            made: dict[str, Any] = answer.json()
            return made

    with httpx2.Client(headers=headers, trust_env=False, timeout=30) as http, ThreadPoolExecutor(50) as pool:
        made = [pool.submit(post, number) for number in range(500)]
        assert half.wait(60)
        up.stop()
        up.start()
        urls.append(up.url)
        results = [future.result() for future in made]

    with up:
        assert len(answers) == 500
        assert {result["version"]["number"] for result in results} == {1}
        assert {result["publication"]["seq"] for result in results} == {1}
        assert len(up.api.get("sites/acme/pages/spring/versions")["items"]) == 1


def test_a_client_that_drops_and_returns_sees_every_event_once_in_order(up: Up) -> None:
    create_site(up)
    publish(up, "spring", "Take 0")
    seen: list[Message] = []
    done = threading.Event()

    def write() -> None:
        for number in range(1, 60):
            publish(up, "spring", f"Take {number}")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    last = ""
    while not (done.is_set() and seen and seen[-1].data.get("seq") == 60 and seen[-1].data["state"] == "live"):
        # A new connection each time, dropped after a few messages in the middle of whatever follows.
        for count, message in enumerate(up.api._stream("acme", "spring", last)):
            last = message.id
            seen.append(message)
            if count == 3 or (message.data.get("seq") == 60 and message.data["state"] == "live"):
                break
    writer.join()

    assert seen[0].event == "snapshot"
    ids = [message.id for message in seen[1:]]
    started = seen[0].id
    with redis.from_url(up.redis_url) as client:
        happened = [id_.decode() for id_, _ in client.xrange(Keys().events(0), min=f"({started}")]
    assert ids == happened[: len(ids)]
    assert len(ids) >= 60


def test_a_builder_that_dies_is_started_again(up: Up) -> None:
    create_site(up)
    [builder] = [pid for pid in children_of(up.process.pid) if b"builder" in command_of(pid).split(b"\0")]  # type: ignore[union-attr]

    os.kill(builder, signal.SIGKILL)

    assert end_of(up.api, "acme", "spring", publish(up, "spring", "Again")["publication"]["seq"])["state"] == "live"


def test_a_port_in_use_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = run_cli("up", "--port", str(port), data=tmp_path / "data")

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert f"Port {port}" in ended.stderr
    assert not (tmp_path / "data" / "valkey").exists()


def test_data_in_use_is_one_clear_line(up: Up) -> None:
    ended = run_cli("up", "--port", "0", data=up.data)

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "in use by another Platen" in ended.stderr


def test_a_redis_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    ended = run_cli("up", "--port", "0", "--redis", "redis://:secret@127.0.0.1:1/0", data=tmp_path / "data")

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "is not reached" in ended.stderr
    assert "secret" not in ended.stderr


def test_another_number_of_partitions_refuses_to_start(tmp_path: Path) -> None:
    with Up(tmp_path / "data"):
        pass

    ended = run_cli("up", "--port", "0", data=tmp_path / "data", PLATEN_PARTITIONS="4")

    assert ended.returncode == 1
    assert "PLATEN_PARTITIONS is 4" in ended.stderr


def test_several_partitions_publish_and_serve(tmp_path: Path) -> None:
    with Up(tmp_path / "data", PLATEN_PARTITIONS="4") as up:
        for site in ("acme", "globex", "initech"):
            up.api.change("POST", "sites", {"slug": site, "title": site})
            up.api.change("POST", f"sites/{site}/pages/index/versions", {"config": config(site), "publish": True})
            assert end_of(up.api, site, "index", 1)["state"] == "live"
            assert site in httpx2.get(f"{up.url}/{site}", trust_env=False).text


def test_the_first_token_is_shown_once_and_kept_for_the_cli(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Up(data, PLATEN_ADMIN_TOKEN="")
    with first:
        token = (data / "token").read_text().strip()
        assert wait_for(lambda: token in first.output, 10)
        assert (data / "token").stat().st_mode & 0o777 == 0o600
        # What is proposed works as it stands, also beside data in another place.
        assert wait_for(lambda: f"--page acme/spring --watch --data {data}" in first.output, 10)
        published = run_cli("publish", str(SPRING_SALE), "--page", "acme/spring", "--watch", data=data)
        assert published.returncode == 0, published.stderr

    second = Up(data, PLATEN_ADMIN_TOKEN="")
    second.log = tmp_path / "second.log"
    with second:
        listed = run_cli("pages", data=data)
        assert "acme/spring" in listed.stdout
        assert token not in second.output


def test_a_link_lets_the_first_administrator_in_and_is_shown_while_there_is_no_account(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data) as first:
        assert wait_for(lambda: "/-/editor/invitation#" in first.output, 10)
        link = next(word for word in first.output.split() if "invitation#" in word)
        assert link.startswith(first.url)
        body = {"code": link.partition("#")[2], "name": "Ada", "password": "correct horse battery staple"}
        url = f"{first.url}/-/api/v1"
        with httpx2.Client(trust_env=False, timeout=20) as browser:
            assert browser.post(f"{url}/invitations/accept", json=body).status_code == 201
            session = browser.get(f"{url}/session")
            assert session.json()["roles"] == {"*": "admin"}
            headers = {"origin": first.url}
            assert browser.post(f"{url}/sites", json={"slug": "acme"}, headers=headers).status_code == 201
        assert body["code"] not in (data / "run.json").read_text()

    second = Up(data)
    second.log = tmp_path / "second.log"
    with second:
        assert wait_for(lambda: "Platen is ready" in second.output, 10)
        assert "invitation#" not in second.output
        assert [entry["action"] for entry in second.api.get("audit")["items"]] == ["createSite", "acceptInvitation"]


def test_a_lost_token_is_told_and_the_administrators_next_one_takes_its_place(tmp_path: Path) -> None:
    data, again = tmp_path / "data", "another-token-0123456789"
    with Up(data, PLATEN_ADMIN_TOKEN=""):
        lost = (data / "token").read_text().strip()
        (data / "token").unlink()

    with Up(data, PLATEN_ADMIN_TOKEN="") as without:
        assert len([line for line in without.output.splitlines() if "PLATEN_ADMIN_TOKEN" in line]) == 1
        assert "PLATEN_ADMIN_TOKEN" in run_cli("pages", data=data).stderr

    with Up(data, PLATEN_ADMIN_TOKEN=again) as mended:
        assert run_cli("pages", data=data).returncode == 0
        assert run_cli("pages", PLATEN_URL=mended.url, PLATEN_TOKEN=lost).returncode == 1

    with Up(data, PLATEN_ADMIN_TOKEN=""):
        assert run_cli("pages", data=data).returncode == 0


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
