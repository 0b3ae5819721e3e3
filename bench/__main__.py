"""`python -m bench [latency] [builds] [bulk] [recovery]`: without a name, those that take a minute or two."""

import sys

from bench import builds, bulk, latency, recovery
from bench.machine import describe

PROGRAMS = {"latency": latency.main, "builds": builds.main, "bulk": bulk.main, "recovery": recovery.main}
SHORT = ("latency", "builds", "bulk")


def main() -> None:
    names = sys.argv[1:] or list(SHORT)
    unknown = [name for name in names if name not in PROGRAMS]
    if unknown:
        sys.exit(f"no such program: {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    print(describe())
    for name in names:
        PROGRAMS[name]()


if __name__ == "__main__":
    main()
