"""What the CLI shows is what people wrote, character for character."""

from typing import Any

import pytest

from services.client import Problem
from services.show import failure_line, show_pages, show_problem, show_publication, show_versions, step_line

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
