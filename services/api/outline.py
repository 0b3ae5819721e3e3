"""How the description of the API is arranged: what belongs together, and what stands for what in examples."""

from collections.abc import Mapping
from typing import Any

# What is described together, in the order of reading.
ABOUT: Mapping[str, str] = {
    "sites": "A site is pages with one owner.",
    "members": "Members of a site, and what they may do there.",
    "pages": "A page comes into being with its first version.",
    "drafts": "A draft is what an editor is working on: one per page, kept by revision, and nothing that visitors see.",
    "versions": "A version is an immutable, numbered snapshot of a page's config.",
    "publications": "A publication is one request to make a version live, or to take the page off.",
    "schedules": "A schedule publishes, or takes off, at an instant to come.",
    "previews": "A preview is a config rendered as it would be published, and not published.",
    "shares": "A share shows a preview to whoever has its address, for a while.",
    "accounts": "Accounts of people, and the links that invite them.",
    "sessions": "Signing in and out.",
    "tokens": "Tokens let scripts in.",
    "audit": "Every change and every refusal, and who it was.",
    "rebuilds": "A rebuild publishes every live page of a site anew.",
    "builders": "Builders turn versions into finished pages.",
    "servers": "Servers answer visitors, and tell how far they are.",
    "dead-letters": (
        "A dead letter is what failed for good. Nothing tries it again, for a publication ends once: mend what it "
        "says, and publish again."
    ),
    "description": "The API describes itself.",
}
# Part of an address -> what it is described with; the last part counts.
TAGS: Mapping[str, str] = {
    **{name: name for name in ABOUT},
    "changes": "versions",
    "draft": "drafts",
    "presence": "drafts",
    "session": "sessions",
    "invitations": "accounts",
}
# What stands for a part of an address in an example.
EXAMPLES: Mapping[str, Any] = {
    "site": "acme",
    "page": "spring",
    "number": 4,
    "seq": 7,
    "rebuild": 2,
    "builder": "all",
    "schedule": 12,
    "share": "9f86d081884c7d659a2feaa0c55ad015",
    "account": "5d3e2b1f9c0a4e68",
    "name": "ada",
    "session": "3b9e1a6c0f5d4e27",
    "token": "3b9e1a6c0f5d4e27",
    "letter": "0-1767225600350-0",
}
