"""`python -m bench [NAME…] [--option…]`: without a name, those that take a minute or two.

Options belong to one program: `python -m bench serve --rounds 3`; `--help` behind a name tells them.
"""

import sys

from bench import builds, bulk, growth, latency, lists, outage, preview, recovery, rollback, screens, serve, status
from bench.machine import describe
from bench.options import Program, without_options

PROGRAMS: dict[str, Program] = {
    "latency": without_options(latency.main),
    "builds": without_options(builds.main),
    "bulk": without_options(bulk.main),
    "rollback": without_options(rollback.main),
    "lists": without_options(lists.main),
    "recovery": without_options(recovery.main),
    "outage": outage.main,
    "serve": serve.main,
    "status": status.main,
    "growth": growth.main,
    "preview": without_options(preview.main),
    "screens": without_options(screens.main),
}
SHORT = ("latency", "builds", "bulk")


def main() -> None:
    first_option = next((at for at, word in enumerate(sys.argv) if word.startswith("-")), len(sys.argv))
    names, options = sys.argv[1:first_option] or list(SHORT), sys.argv[first_option:]
    unknown = [name for name in names if name not in PROGRAMS]
    if unknown:
        sys.exit(f"no such program: {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    if options and len(names) > 1:
        sys.exit("options belong to one program: name it first, such as `serve --rounds 3`")
    print(describe())
    for name in names:
        PROGRAMS[name](options)


if __name__ == "__main__":
    main()
