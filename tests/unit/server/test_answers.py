"""The answers of a page: each made once, when it is first asked for, and counted."""

from services.server.answers import ANSWERS_BYTES, VARIANT_BYTES, Answers, version_answers
from services.server.asked import Asked
from shared.codec import MOST_WINDOW_BYTES, compress, decompress, zstd
from shared.codings import PREFERENCE
from shared.records import PublishedPage

PAGE = b"<p>Everything is off until Sunday.</p>" * 100


def answers_of(body: bytes, on_growth: list[int] | None = None) -> Answers:
    grown = on_growth if on_growth is not None else []
    published = PublishedPage(seq=1, version=1, etag="e", body=body)
    return Answers(published, {}, lambda _answers, size_bytes: grown.append(size_bytes))


def test_a_coding_is_made_once() -> None:
    answers = answers_of(compress(PAGE))

    for coding in PREFERENCE:
        first, second = answers.choose(Asked((coding,))), answers.choose(Asked((coding, "identity")))
        assert first is second


def test_what_nobody_asked_for_takes_no_room_and_what_was_made_is_counted() -> None:
    body, grown = compress(PAGE), list[int]()
    answers = answers_of(body, grown)
    assert answers.size_bytes == ANSWERS_BYTES + len(body)

    lengths = {coding: len(answers.choose(Asked((coding,))).body) for coding in PREFERENCE}

    # Zstandard is there already.
    kept = [lengths[coding] if coding != "zstd" else 0 for coding in PREFERENCE]
    assert grown == [VARIANT_BYTES + length for length in kept]
    assert answers.size_bytes == ANSWERS_BYTES + len(body) + sum(grown)
    assert lengths["br"] < lengths["identity"] == len(PAGE)


def test_an_answer_given_again_makes_nothing_grow() -> None:
    grown = list[int]()
    answers = answers_of(compress(PAGE), grown)

    for _ in range(3):
        answers.choose(Asked(("br", "identity")))
        answers.choose(Asked(("br",), b'"e-br"'))

    assert len(grown) == 1


def test_what_is_stored_is_sent_without_a_copy() -> None:
    body = compress(PAGE)

    assert answers_of(body).choose(Asked(("zstd",))).body is body


def test_a_frame_that_asks_too_much_of_a_browser_is_made_anew() -> None:
    page = bytes(MOST_WINDOW_BYTES + 1)
    for options in ({zstd.CompressionParameter.window_log: 24}, {zstd.CompressionParameter.window_log: 27}):
        frame = zstd.compress(page, options=options)

        answer = version_answers(PublishedPage(seq=0, version=1, body=frame)).choose(Asked(("zstd",)))

        assert (len(answer.body), decompress(answer.body)) == (len(compress(page)), page)
        assert answer.body != frame
