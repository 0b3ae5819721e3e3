"""What the programs' options have in common."""

import argparse
from collections.abc import Callable, Iterable, Sequence

Program = Callable[[Sequence[str]], None]


def without_options(main: Callable[[], None]) -> Program:
    """A program that takes none."""

    def run(options: Sequence[str]) -> None:
        argparse.ArgumentParser(prog=f"bench {main.__module__.rpartition('.')[2]}").parse_args(options)
        main()

    return run


def numbers(text: str) -> list[int]:
    """Read `1000,100000`."""
    return [int(number.replace("_", "")) for number in text.split(",")]


def some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Reads `whole,unchanged`, each a name that is known."""
    names = list(known)

    def read(text: str) -> list[str]:
        asked = text.split(",")
        for name in asked:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
        return asked

    return read
