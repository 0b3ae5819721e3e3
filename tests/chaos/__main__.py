"""`python -m tests.chaos`: the promises under faults, on this machine.

Exit codes: 0 every promise was kept (with --without and --ablations: every crippled Platen was refused); 1 otherwise.
"""

import argparse
import asyncio
import secrets
import shutil
import signal
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console

from tests.chaos.ablations import ABLATIONS, ablate
from tests.chaos.plan import KINDS
from tests.chaos.report import show
from tests.chaos.run import Order, Outcome, judge, run
from tests.harness import ROOT

RUN_S, ABLATION_S = 300.0, 60.0


def main() -> int:
    """Run what the command line asks for, and return the exit code."""
    asked, console = _parse(), Console(highlight=False, soft_wrap=True)
    if asked.check:
        outcome = judge(asked.check, KINDS, least=0)
        show(outcome, console)
        return 0 if outcome.is_proof else 1
    folder = Path(tempfile.mkdtemp(prefix="platen-chaos-"))
    if asked.ablations or asked.without:
        is_well = _all_are_refused(list(ABLATIONS) if asked.ablations else [asked.without], folder, asked, console)
    else:
        is_well = _run(folder / "run", "", asked, asked.seconds or RUN_S, console).is_proof
    if is_well and not asked.keep:
        shutil.rmtree(folder)
    return 0 if is_well else 1


def _all_are_refused(names: list[str], folder: Path, asked: argparse.Namespace, console: Console) -> bool:
    """Run without each of these guards, and see whether the promise that it keeps is found broken."""
    seconds = asked.seconds or ABLATION_S
    outcomes = {name: _run(folder / name, name, asked, seconds, console) for name in names}
    found = {name: outcome.violations[ABLATIONS[name].breaks] for name, outcome in outcomes.items()}
    for name, violations in found.items():
        what = f"refused, as it must be: {violations[0]}" if violations else "NOT REFUSED"
        console.print(f"without {name}: {ABLATIONS[name].breaks}: {len(violations)} violations, {what}", markup=False)
    return all(found.values())


def _run(folder: Path, name: str, asked: argparse.Namespace, seconds: float, console: Console) -> Outcome:
    source = ablate(name, folder.with_name(f"{name}-source"), asked.source) if name else asked.source
    order = Order(folder, asked.seed, seconds, asked.leave_out, source, asked.redis_server, asked.partitions)
    crippled = f" without {name}" if name else ""
    console.print(
        f"{seconds:.0f} s of faults{crippled}, seed {asked.seed}, {asked.partitions} partitions; records in {folder}"
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(_until_signalled(order, console))
    show(outcome, console)
    return outcome


async def _until_signalled(order: Order, console: Console) -> Outcome:
    """A run that takes its processes with it when it is told to end."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(order, console.print)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description="The promises, proved under faults.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="decides faults and clients")
    parser.add_argument("--seconds", type=float, help="how long faults go on; 300, and 60 for --ablations")
    parser.add_argument("--partitions", type=int, default=1, help="how many the sites are spread over; 1")
    parser.add_argument("--without", choices=ABLATIONS, help="take a guard out of Platen; the run must be refused")
    parser.add_argument("--ablations", action="store_true", help="take out each guard in turn")
    parser.add_argument("--check", type=Path, help="look again at the folder that a refused run left")
    parser.add_argument("--keep", action="store_true", help="keep the records of a run that was well, too")
    parser.add_argument("--leave-out", action="append", default=[], choices=KINDS, help="a fault to leave out")
    parser.add_argument("--source", type=Path, default=ROOT, help="another tree to run the services from")
    parser.add_argument("--redis-server", default="", help="path of a Redis to use instead of the embedded Valkey")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit("interrupted; everything that was started has ended") from None
