"""Has an HTTP linter look at one address, as a process of its own.

    python -m tests.integration.server.lint URL METHOD ["name: value" …]

The linter asks several times (for another coding, with validators) and compares the answers. It brings an
event loop of its own, so it runs apart. What it noted is printed as JSON: level, subject and sentence each.
"""

import json
import sys
from configparser import ConfigParser

import thor
from redbot.resource import HttpResource


def lint(url: str, method: str, lines: list[str]) -> dict[str, object]:
    """Everything that the linter noted.

    Args:
        url: the address.
        method: GET or HEAD.
        lines: header lines of the request.
    """
    config = ConfigParser()
    # It may look at this machine, and looks at nothing else.
    config.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(config["redbot"])
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    resource.set_request(url, method, headers)
    resource.on("check_done", thor.stop)
    resource.check()
    thor.run()
    assert resource.fetch_error is None, resource.fetch_error
    answers = [resource.response, *(check.response for check in resource.subreqs.values() if check.fetch_started)]
    notes = [[note.level.name, note.subject, note.summary] for answer in answers for note in answer.notes]
    return {"status": resource.response.status_code, "answers": len(answers), "notes": notes}


if __name__ == "__main__":
    json.dump(lint(sys.argv[1], sys.argv[2], sys.argv[3:]), sys.stdout)
