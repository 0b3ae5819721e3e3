"""What Platen promises about one page, as plain Python: numbers, states, the fence. No streams, no scripts, no time."""

from dataclasses import dataclass, field

TERMINAL = {"live", "failed", "superseded", "cancelled"}
WAITING = {"queued", "retrying"}
ARTIFACTS_KEEP = 2


@dataclass
class PageModel:
    """One page.

    Attributes:
        version, seq: the highest given out.
        wanted, live: the newest accepted publication, and the one that visitors get; 0 for none.
        versions: seq -> version.
        states: seq -> state.
        artifacts: versions whose finished pages are kept.
        built: seqs of the `page-built` events, in their order.
    """

    version: int = 0
    seq: int = 0
    wanted: int = 0
    live: int = 0
    versions: dict[int, int] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    artifacts: set[int] = field(default_factory=set)
    built: list[int] = field(default_factory=list)

    @property
    def live_version(self) -> int:
        """0 where nothing is live, or the page was unpublished."""
        return self.versions.get(self.live, 0)

    def save(self) -> int:
        """Save a version; its number."""
        self.version += 1
        return self.version

    def publish(self, version: int) -> int:
        """Ask for a version to be live: at once where its finished page is kept, unless it is live; the seq."""
        kept = version in self.artifacts and version != self.live_version
        seq = self._next(version, "queued")
        if kept:
            self._make_live(seq)
            self.built.append(seq)
        return seq

    def unpublish(self) -> int:
        """Take the page off; the seq."""
        seq = self._next(0, "queued")
        self._make_live(seq)
        return seq

    def cancel(self, seq: int) -> bool:
        """Call a publication off; whether that was in time. Then what was wanted before it is, if it has not ended."""
        if self.states[seq] not in WAITING:
            return False
        self.states[seq] = "cancelled"
        if self.wanted == seq:
            before = range(self.live + 1, seq)
            self.wanted = max((each for each in before if self.states[each] not in TERMINAL), default=self.live)
        return True

    def start(self, seq: int) -> str:
        """Begin a build, unless a newer one is wanted."""
        if self.states[seq] in TERMINAL:
            return "ended"
        self.states[seq] = "superseded" if self.wanted > seq else "building"
        return "superseded" if self.wanted > seq else "build"

    def commit(self, seq: int) -> str:
        """Make a build live, unless a newer one is."""
        if self.states[seq] in TERMINAL:
            return "ended"
        if self.live > seq:
            self.states[seq] = "superseded"
            return "superseded"
        version = self.versions[seq]
        self.artifacts = {version, *sorted(self.artifacts - {version}, reverse=True)[:ARTIFACTS_KEEP]}
        self._make_live(seq)
        self.built.append(seq)
        return "live"

    def end(self, seq: int, state: str) -> str:
        """Let a build fail: "retrying" or "failed"."""
        if self.states[seq] in TERMINAL:
            return "ended"
        self.states[seq] = state
        return state

    def _next(self, version: int, state: str) -> int:
        self.seq += 1
        self.wanted = self.seq
        self.versions[self.seq], self.states[self.seq] = version, state
        return self.seq

    def _make_live(self, seq: int) -> None:
        self.live = seq
        self.states[seq] = "live"
