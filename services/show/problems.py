"""What the server refused."""

from services.client import Problem
from services.show.terminal import err

# What to type, where the server's own mend is a request to send.
HINTS = {
    "There is no site ": "`platen pages` lists those there are; `platen publish FILE --page SITE/PAGE` makes one",
    "There is no page ": "`platen pages SITE` lists those there are; `platen publish FILE --page SITE/PAGE` makes one",
    "There is no builder ": "`platen builders` lists those there are",
    "There is no publication ": "`platen publish`, `rollback` and `unpublish` tell the number of each",
    "There is no schedule ": "`platen schedules SITE --all` lists those there are",
    "There is no version ": "`platen versions SITE/PAGE` lists those there are",
    "This token is not known": "set PLATEN_TOKEN to one that this Platen knows",
    "There is no dead letter ": "`platen dead list` lists those there are",
    "This is not the id of a dead letter": "`platen dead list` shows them, such as 0-1767225600350-0",
    "There is no token ": "`platen token list` lists those there are",
    "There is an account named ": "choose another name; `platen accounts list` lists those there are",
}


def show_problem(problem: Problem) -> None:
    """What the server refused, field by field, with the mends."""
    hint = next((hint for begin, hint in HINTS.items() if str(problem).startswith(begin)), "")
    err.print(f"platen: {problem.document.get('title', 'refused')}: {problem}")
    for error in problem.document.get("errors", []):
        where = f"{error['pointer']}: " if error.get("pointer") else ""
        detail = f"{error['detail']} " if error["detail"] != str(problem) else ""
        mend = f"({hint or error['mend']})" if error.get("mend") else ""
        if where or detail or mend:
            err.print(f"  {where}{detail}{mend}")
