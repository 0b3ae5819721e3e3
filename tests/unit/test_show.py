"""What the CLI shows is what people wrote, character for character."""

import shlex
from typing import Any

import pytest

from services.client import Problem
from services.show.dead import show_dead_letter, show_dead_letters
from services.show.pages import show_pages, show_publication, show_versions
from services.show.problems import show_problem
from services.show.watching import failure_line, step_line

ODD = ["[/x]", "see [/docs]", "[red]a[/red]", "[bold]", ":smile:", "[link=x]y[/]"]


@pytest.mark.parametrize("text", ODD)
def test_a_note_and_an_author_are_shown_as_they_were_written(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    item = {"number": 1, "created_at": 0, "author": text, "note": text}

    show_versions("acme/spring", [item], {"live": {"version": 1}}, more=False)

    assert capsys.readouterr().out.count(text) == 2


@pytest.mark.parametrize("text", ODD)
def test_steps_and_failures_are_shown_as_they_were_written(text: str) -> None:
    step = step_line({"state": "live", "at": 0, "by": text}, "+3 ms")
    failure = failure_line({"pointer": f"/widgets/{text}", "reason": f"There is {text}."})

    assert step.plain.endswith(text)
    assert failure.plain == f"failed at /widgets/{text}: There is {text}."


@pytest.mark.parametrize("text", ODD)
def test_names_and_problems_are_shown_as_they_were_written(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    head = {"live_version": 1, "wanted_version": 1}
    publication: dict[str, Any] = {"version": 1, "state": "queued", "seq": 1, "cause": "publish"}
    error = {"detail": text, "pointer": f"/{text}", "mend": text}

    show_pages("http://x", [(text, {"page": text, "head": head})])
    show_publication("http://x", text, publication)
    show_problem(Problem(422, {"title": text, "detail": text, "errors": [error]}))

    shown = capsys.readouterr()
    assert shown.out.startswith("page")
    assert shown.out.count(text) == 6
    assert shown.err.count(text) == 4


def test_a_page_that_was_taken_off_has_no_address_and_no_version(capsys: pytest.CaptureFixture[str]) -> None:
    show_publication("http://x", "acme/lunch", {"version": 0, "state": "live", "seq": 2, "cause": "unpublish"})

    assert capsys.readouterr().out == "acme/lunch is taken off (publication 2)\n"


def letter(**fields: Any) -> dict[str, Any]:
    """A dead letter as the api tells it."""
    texts = dict.fromkeys(("site", "page", "pointer", "traceback", "builder", "type", "data", "traceparent"), "")
    entry = {"lane": "interactive", "entry": "1-0", "encoding": "utf-8", "code": "poison", "reason": "It failed."}
    return texts | entry | {"id": "0-1767225600350-0", "at": 1767225600350, "seq": 0, "attempts": 0} | fields


@pytest.mark.parametrize("text", ODD)
def test_dead_letters_are_shown_as_they_came(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    dead = letter(site="acme", page=text, reason=text, traceback=text, data=text, type=text, pointer=text)

    show_dead_letters([dead], more=False)
    show_dead_letter(dead)

    assert capsys.readouterr().out.count(text) == 9


def test_what_came_in_does_not_reach_the_terminals_controls(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\x9b\u202e\r\0"
    fields = ("site", "page", "reason", "traceback", "data", "type", "pointer", "builder", "traceparent", "code")
    dead = letter(**dict.fromkeys(fields, evil))

    show_dead_letters([dead], more=False)
    show_dead_letter(dead)

    shown = capsys.readouterr().out
    assert not set(evil.replace("[2J", "")) & set(shown)
    assert shown.count(r"\x1b[2J\x9b\u202e\r\x00") >= len(fields)


def test_each_dead_letter_is_one_line_with_its_whole_id(capsys: pytest.CaptureFixture[str]) -> None:
    dead = letter(reason="a\nlong " * 100, site="a", page="\n\nb\r")

    show_dead_letters([dead, dead], more=True)

    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "id"
    assert [line.split()[0] for line in lines[:2]] == [dead["id"]] * 2
    assert all(line.rstrip().endswith("…") for line in lines[:2])
    assert lines[3] == "There may be older ones: --limit shows more."


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"site": "acme", "page": "spring", "seq": 7}, "platen publish FILE --page acme/spring"),
        ({"code": "unknown-event"}, "Upgrade the builders"),
        ({"code": "undecodable"}, "see where it came from"),
    ],
)
def test_a_dead_letter_says_what_to_do_next(
    fields: dict[str, Any], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_dead_letter(letter(**fields))

    shown = capsys.readouterr().out
    assert advice in shown
    assert shown.endswith("platen dead remove 0-1767225600350-0\n")


def test_the_command_to_publish_again_names_one_page_whatever_came(capsys: pytest.CaptureFixture[str]) -> None:
    show_dead_letter(letter(site="$(reboot)", page="x; reboot", seq=1))

    [command] = [line for line in capsys.readouterr().out.splitlines() if "platen publish" in line]
    assert shlex.split(command) == ["platen", "publish", "FILE", "--page", "$(reboot)/x; reboot"]


def test_bytes_that_are_no_text_are_named_as_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show_dead_letter(letter(data="/w==", encoding="base64"))

    assert "data (Base64)\n/w==\n" in capsys.readouterr().out
