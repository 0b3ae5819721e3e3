"""Every key and name in Redis comes from here and nowhere else.

`{p}` is a hash tag, so one site's keys share a slot, as Redis Cluster wants it of the keys of a script. Keys without a
partition are global and are never touched by a script together with partitioned ones.

| key | type | lives |
|---|---|---|
| platen:meta | hash | permanent: partitions |
| platen:tokens | hash | permanent: digest of a token -> whose it is |
| platen:builders, platen:servers | hash | entries removed when a process ends, swept when its beat key is gone |
| platen:beat:<process> | string | TTL: six heartbeats |
| platen:share-secret | string | permanent: signs the addresses of shares |
| platen:quiet | hash | a builder's name, or `all` -> who asked; until it is taken back |
| platen:{accounts}:records | hash | permanent: account -> its record; removed with it |
| platen:{accounts}:names | hash | permanent: a name as it is compared -> account |
| platen:{accounts}:order | sorted set | permanent: those names, all scores 0 |
| platen:{accounts}:passwords | hash | permanent: account -> argon2id |
| platen:{accounts}:members | sorted set | permanent: "site account" of every role held, all scores 0 (read by name) |
| platen:{accounts}:invited | hash | account -> digest of its invitation; removed when that is accepted |
| platen:{accounts}:invitation:<digest> | string | TTL |
| platen:{accounts}:session:<digest> | hash | TTL: when nobody used it for a while, and at its end in any case |
| platen:{accounts}:sessions:<account> | hash | TTL: id -> digest of its sessions, bounded |
| platen:{accounts}:token:<digest> | hash | TTL: until it expires |
| platen:{accounts}:tokens:<account> | hash | TTL: id -> digest of its API tokens, bounded |
| platen:{accounts}:tries:<of>:<digest> | string | TTL: tries to sign in |
| platen:{accounts}:known:<digest> | string | TTL: from where somebody signed in |
| platen:{accounts}:idempotency:<digest> | hash | TTL |
| platen:{accounts}:audit | stream | bounded: the newest entries |
| platen:{accounts}:audit:<site> | stream | bounded, and TTL after its last entry |
| platen:{hostnames}:owners | hash | hostname -> its site; removed when the site gives it up |
| platen:{hostnames}:lists | hash | permanent: site -> when its hostnames were set, and the hostnames |
| platen:{hostnames}:changes | sorted set | permanent: site -> when its hostnames were set |
| platen:{hostnames}:idempotency:<site>:<digest> | hash | TTL |
| platen:{p}:sites | sorted set | permanent: slugs of the sites, all scores 0 (read by name) |
| platen:{p}:site:<site> | hash | permanent |
| platen:{p}:pages:<site> | sorted set | permanent: slugs of the site's pages, all scores 0 |
| platen:{p}:head:<site>/<page> | hash | permanent: counters, what is wanted, what is live, title, title of the draft |
| platen:{p}:versions:<site>/<page> | hash | permanent |
| platen:{p}:publications:<site>/<page> | hash | permanent |
| platen:{p}:draft:<site>/<page> | hash | permanent: the draft; of a deleted one, its revision |
| platen:{p}:presence:<site>/<page> | hash | TTL: 15 s after the last beat; bounded |
| platen:{p}:page:<site>/<page> | hash | permanent: the published page |
| platen:{p}:artifacts:<site>/<page> | hash | permanent, bounded: the newest versions and the live one |
| platen:{p}:idempotency:<site>:<digest> | hash | TTL |
| platen:{p}:builds, platen:{p}:bulk | stream | the lanes: entries deleted when settled |
| platen:{p}:<lane>:waiting | sorted set | members removed when let into the lane |
| platen:{p}:<lane>:turns | hash | removed when nothing waits |
| platen:{p}:open | sorted set | members removed when the publication ends |
| platen:{p}:rebuilds:<site> | hash | permanent, bounded: the newest rebuilds |
| platen:{p}:rebuilding | sorted set | members removed when all their pages are queued |
| platen:{p}:schedules:<site> | hash | permanent, bounded: the newest schedules, and how many there were |
| platen:{p}:scheduled | sorted set | members removed when fired or cancelled |
| platen:{p}:events | stream | trimmed by age |
| platen:{p}:applied | hash | entries removed when a server leaves, or a while after it fell silent |
| platen:{p}:unserved | list | entries removed once every server has applied them, bounded |
| platen:{p}:delayed | sorted set | members removed when due |
| platen:{p}:dead | stream | permanent until an operator decides, bounded |
| platen:{p}:dead:idempotency:<digest> | hash | TTL: a request that removed a dead letter |
| platen:{p}:previews | stream | the lane of previews: entries deleted when answered, or once nobody waits any more |
| platen:{p}:preview:<site>:<id> | hash | TTL: a preview that was made |
| platen:{p}:preview-rate:<site>:<digest> | string | TTL: how many previews somebody asked for this minute |
| platen:{p}:mailbox:<process> | list | TTL: answers to previews that an api process waits for |
| platen:{p}:share:<site>:<id> | hash | TTL: what a share shows |
| platen:{p}:shares:<site>/<page> | hash | TTL of its longest share, bounded: the page's shares |
"""

from typing import Literal, NamedTuple
from zlib import crc32

Lane = Literal["interactive", "bulk"]

GROUP = "builders"
META = "platen:meta"
TOKENS = "platen:tokens"
BUILDERS = "platen:builders"
SERVERS = "platen:servers"
QUIET = "platen:quiet"
SHARE_SECRET = "platen:share-secret"  # noqa: S105 - where it is, not what it is
EVERY_BUILDER = "all"
# Accounts belong to no single site, and what hangs together there is changed by one script, so they have a slot, too.
ACCOUNTS = "platen:{accounts}:records"
ACCOUNT_NAMES = "platen:{accounts}:names"
ACCOUNT_ORDER = "platen:{accounts}:order"
PASSWORDS = "platen:{accounts}:passwords"
MEMBERS = "platen:{accounts}:members"
INVITED = "platen:{accounts}:invited"
AUDIT = "platen:{accounts}:audit"
# Hostnames are unique across all partitions, so they live in a slot of their own.
HOSTNAME_OWNERS = "platen:{hostnames}:owners"
HOSTNAME_LISTS = "platen:{hostnames}:lists"
HOSTNAME_CHANGES = "platen:{hostnames}:changes"


class LaneKeys(NamedTuple):
    """The keys of one lane.

    Attributes:
        stream: what builders read.
        waiting: what comes after it.
        turns: who is served when.
    """

    stream: str
    waiting: str
    turns: str


def beat(process: str) -> str:
    """Key that exists while a process is alive.

    Args:
        process: the name the process gave itself, unique per start.
    """
    return f"platen:beat:{process}"


def hostnames_idempotency(site: str, digest: str) -> str:
    """Key that remembers a request which set hostnames.

    Args:
        site: whose hostnames.
        digest: of the idempotency key.
    """
    return f"platen:{{hostnames}}:idempotency:{site}:{digest}"


def session(digest: str) -> str:
    """Key of a session; without a digest, what such keys begin with."""
    return f"platen:{{accounts}}:session:{digest}"


def sessions(account: str) -> str:
    """Key that lists an account's sessions; without an account, what such keys begin with."""
    return f"platen:{{accounts}}:sessions:{account}"


def token(digest: str) -> str:
    """Key of an API token; without a digest, what such keys begin with."""
    return f"platen:{{accounts}}:token:{digest}"


def tokens(account: str) -> str:
    """Key that lists an account's API tokens."""
    return f"platen:{{accounts}}:tokens:{account}"


def invitation(digest: str) -> str:
    """Key of an invitation; without a digest, what such keys begin with."""
    return f"platen:{{accounts}}:invitation:{digest}"


def tries(of: str, digest: str) -> str:
    """Key that counts tries to sign in.

    Args:
        of: what is counted: "name", "address" or "both".
        digest: of it.
    """
    return f"platen:{{accounts}}:tries:{of}:{digest}"


def known_address(digest: str) -> str:
    """Key that exists where somebody signed in from an address before.

    Args:
        digest: of the name and the address.
    """
    return f"platen:{{accounts}}:known:{digest}"


def accounts_idempotency(digest: str) -> str:
    """Key that remembers a request which changed accounts.

    Args:
        digest: of the idempotency key.
    """
    return f"platen:{{accounts}}:idempotency:{digest}"


def audit_of(site: str) -> str:
    """Key of a site's part of the audit log."""
    return f"platen:{{accounts}}:audit:{site}"


class Keys:
    """Key names for a given number of partitions.

    Args:
        partitions: how many hash tags the sites are spread over, >= 1.
    """

    def __init__(self, partitions: int = 1) -> None:
        self.partitions = partitions

    def partition(self, site: str) -> int:
        """The partition a site lives in, 0 <= p < partitions."""
        return crc32(site.encode()) % self.partitions

    def _of(self, site: str, kind: str, name: str) -> str:
        return f"platen:{{{self.partition(site)}}}:{kind}:{name}"

    def site(self, site: str) -> str:
        return self._of(site, "site", site)

    def pages(self, site: str) -> str:
        return self._of(site, "pages", site)

    def head(self, site: str, page: str) -> str:
        return self._of(site, "head", f"{site}/{page}")

    def versions(self, site: str, page: str) -> str:
        return self._of(site, "versions", f"{site}/{page}")

    def publications(self, site: str, page: str) -> str:
        return self._of(site, "publications", f"{site}/{page}")

    def draft(self, site: str, page: str) -> str:
        return self._of(site, "draft", f"{site}/{page}")

    def presence(self, site: str, page: str) -> str:
        return self._of(site, "presence", f"{site}/{page}")

    def page(self, site: str, page: str) -> str:
        return self._of(site, "page", f"{site}/{page}")

    def artifacts(self, site: str, page: str) -> str:
        return self._of(site, "artifacts", f"{site}/{page}")

    def idempotency(self, site: str, digest: str) -> str:
        return self._of(site, "idempotency", f"{site}:{digest}")

    def sites(self, partition: int) -> str:
        return f"platen:{{{partition}}}:sites"

    def builds(self, partition: int, lane: Lane = "interactive") -> str:
        return f"platen:{{{partition}}}:{'builds' if lane == 'interactive' else 'bulk'}"

    def lane(self, partition: int, lane: Lane = "interactive") -> LaneKeys:
        stream = self.builds(partition, lane)
        return LaneKeys(stream, f"{stream}:waiting", f"{stream}:turns")

    def open(self, partition: int) -> str:
        return f"platen:{{{partition}}}:open"

    def rebuilds(self, site: str) -> str:
        return self._of(site, "rebuilds", site)

    def rebuilding(self, partition: int) -> str:
        return f"platen:{{{partition}}}:rebuilding"

    def schedules(self, site: str) -> str:
        return self._of(site, "schedules", site)

    def scheduled(self, partition: int) -> str:
        return f"platen:{{{partition}}}:scheduled"

    def events(self, partition: int) -> str:
        return f"platen:{{{partition}}}:events"

    def applied(self, partition: int) -> str:
        return f"platen:{{{partition}}}:applied"

    def unserved(self, partition: int) -> str:
        return f"platen:{{{partition}}}:unserved"

    def delayed(self, partition: int) -> str:
        return f"platen:{{{partition}}}:delayed"

    def dead(self, partition: int) -> str:
        return f"platen:{{{partition}}}:dead"

    def dead_idempotency(self, partition: int, digest: str) -> str:
        return f"{self.dead(partition)}:idempotency:{digest}"

    def previews(self, partition: int) -> str:
        return f"platen:{{{partition}}}:previews"

    def preview(self, site: str, preview: str) -> str:
        return self._of(site, "preview", f"{site}:{preview}")

    def preview_rate(self, site: str, digest: str) -> str:
        return self._of(site, "preview-rate", f"{site}:{digest}")

    def mailbox(self, partition: int, process: str) -> str:
        return f"platen:{{{partition}}}:mailbox:{process}"

    def share(self, site: str, share: str) -> str:
        return self._of(site, "share", f"{site}:{share}")

    def shares(self, site: str, page: str) -> str:
        return self._of(site, "shares", f"{site}/{page}")
