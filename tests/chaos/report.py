"""What a run found, for people."""

from rich.console import Console
from rich.table import Table

from tests.chaos.run import Outcome

MOST_SHOWN = 10


def show(outcome: Outcome, console: Console) -> None:
    """Print what happened, how often, and what was found."""
    faults = Table("fault", "times", title="Faults", title_justify="left")
    for kind, count in outcome.faults.items():
        faults.add_row(kind, f"{count}{' (too few)' if kind in outcome.missing else ''}")
    for kind in outcome.left_out:
        faults.add_row(kind, "left out")
    promises = Table("promise", "violations", title="Promises", title_justify="left")
    for promise, found in outcome.violations.items():
        promises.add_row(promise, str(len(found)) if found else "kept")
    console.print(faults, promises)
    console.print(
        f"{outcome.publishes:,} publishes acknowledged ({outcome.changes:,} changes) on {outcome.pages} pages, "
        f"{outcome.rebuilds} rebuilds, {outcome.visits:,} visits, {outcome.told:,} blocks of status streams, "
        f"{sum(outcome.faults.values())} faults; at most {outcome.longest_s:.1f} s from acknowledged to ended"
    )
    for promise, found in outcome.violations.items():
        for violation in found[:MOST_SHOWN]:
            console.print(f"  {promise}: {violation}", style="red", markup=False)
        if len(found) > MOST_SHOWN:
            console.print(f"  {promise}: and {len(found) - MOST_SHOWN} more")
    show_verdict(outcome, console)


def show_verdict(outcome: Outcome, console: Console) -> None:
    """Print the last line."""
    if outcome.is_proof:
        console.print("Every promise was kept.", style="bold green")
        return
    count = sum(map(len, outcome.violations.values()))
    what = f"{count} violations" if count else f"too few faults of {', '.join(outcome.missing)}"
    console.print(f"Refused: {what}. History, final state and logs: {outcome.folder}", style="bold red")
