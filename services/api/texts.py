"""What a text must be beyond what its type says: there is something to see, and nothing of it would be lost.

Looked at when a body comes in, and never again: what was saved before a rule existed can still be built.
"""

from collections.abc import Iterator
from unicodedata import category

from shared.errors import Invalid
from shared.markdown import Lost, check_markdown
from shared.texts import Text, texts_of

_LINE_ENDS = frozenset("\u2028\u2029")
# They turn what stands behind them around, in a list of pages as in a tab, so a title could pose as another.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED = {"title": _LINE_ENDS | _TURNS, "line": _LINE_ENDS}
# Letters and signs without ink: fillers of Hangul, a Braille cell without dots.
_INKLESS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def check_texts(body: object) -> None:
    """Look at every text of a body.

    Args:
        body: a Struct.

    Raises:
        Invalid: a text is not right; the error points to it.
    """
    for fault in wrong_texts(body):
        raise fault


def wrong_texts(part: object, pointer: str = "", reads: str = "") -> Iterator[Invalid]:
    """What is wrong with the texts of a body, or of a part of one, text by text.

    Args:
        part: a Struct, or what stands in one.
        pointer: JSON pointer to it.
        reads: how it reads if it is a text.
    """
    for text in texts_of(part, pointer, reads):
        try:
            _check(text)
        except Invalid as fault:
            yield fault


def _check(text: Text) -> None:
    # What its pattern lets through of ASCII can be seen.
    if not text.text.isascii():
        _check_characters(text)
    if text.reads == "markdown":
        _check_markdown(text)


def _check_characters(text: Text) -> None:
    if not any(map(_is_seen, text.text)):
        raise Invalid("The text is blank.", pointer=text.pointer, mend="write something that can be seen")
    if found := _REFUSED.get(text.reads, frozenset()).intersection(text.text):
        detail = f"The text has a character that cannot be seen, U+{ord(min(found)):04X}."
        raise Invalid(detail, pointer=text.pointer, mend="write one line without that character")


def _check_markdown(text: Text) -> None:
    try:
        check_markdown(text.text)
    except Lost as error:
        detail = error.detail[:1].upper() + error.detail[1:].rstrip(".") + "."
        raise Invalid(detail, pointer=text.pointer, mend=error.mend) from None


def _is_seen(character: str) -> bool:
    # What Python's tables do not know yet (Cn) may well be the newest emoji.
    return character not in _INKLESS and category(character) not in {"Zs", "Zl", "Zp", "Cc", "Cf"}
