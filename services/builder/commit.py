"""How a build ends in Redis: the calls of the scripts that settle an entry.

Each of them acknowledges and deletes the entry together with what it writes, so nothing is acknowledged that did
not happen, and nothing that happened is built again.
"""

from services.builder.child import Built, Fault
from services.builder.work import Work
from shared.keys import GROUP, Keys
from shared.scripts import Argument, Call, script
from shared.settings import Settings
from shared.streams import Entry

MOST_DEAD_LETTERS = 10_000
FUTURE_AGAIN_MS = 5_000


class Ledger:
    """Makes the calls that begin and settle builds.

    Args:
        keys: names.
        settings: bounds.
        builder: this builder's name.
    """

    def __init__(self, keys: Keys, settings: Settings, builder: str) -> None:
        self._keys, self._settings, self._builder = keys, settings, builder

    def head(self, work: Work) -> str:
        """The key that says which publication of the page is wanted."""
        return self._keys.head(work.event.site, work.event.page)

    def start(self, work: Work) -> Call:
        """Begin a build, or learn that it is no longer wanted."""
        names, site, page = self._keys, work.event.site, work.event.page
        script_keys = [
            names.site(site),
            names.head(site, page),
            names.versions(site, page),
            names.publications(site, page),
            *self._ends(work),
            names.delayed(work.entry.partition),
        ]
        return Call(script("start"), script_keys, self._subject(work))

    def commit(self, work: Work, built: Built, build_ms: float) -> Call:
        """Make a built page live, unless a newer one is.

        Args:
            build_ms: time since the entry was taken, in milliseconds.
        """
        names, site, page = self._keys, work.event.site, work.event.page
        script_keys = [
            names.head(site, page),
            names.publications(site, page),
            names.page(site, page),
            names.artifacts(site, page),
            *self._ends(work),
            names.unserved(work.entry.partition),
        ]
        page_fields: list[Argument] = [built.etag, built.csp, built.size, f"{build_ms:.3f}", built.body]
        arguments = [*self._subject(work), *page_fields, self._settings.artifacts_keep]
        return Call(script("commit"), script_keys, arguments)

    def retry(self, work: Work, fault: Fault, delay_ms: int) -> Call:
        """Put a failed build off."""
        names = self._keys
        script_keys = [
            names.publications(work.event.site, work.event.page),
            work.entry.stream,
            names.delayed(work.entry.partition),
            names.events(work.entry.partition),
        ]
        failure: list[Argument] = [delay_ms, self._settings.build_attempts, fault.code, fault.reason, work.entry.data]
        return Call(script("retry"), script_keys, [*self._subject(work), *failure])

    def fail(self, work: Work, fault: Fault) -> Call:
        """End a publication as failed."""
        names, site, page = self._keys, work.event.site, work.event.page
        stream, *rest = self._ends(work)
        dead = names.dead(work.entry.partition)
        script_keys = [names.head(site, page), names.publications(site, page), stream, dead, *rest]
        return Call(script("fail"), script_keys, [*self._subject(work), *_letter(work.entry, fault)])

    def bury(self, entry: Entry, fault: Fault) -> Call:
        """Keep an entry that nobody can read, or that is about nothing, as a dead letter."""
        about: list[Argument] = [entry.id, GROUP, self._builder, entry.traceparent]
        script_keys = [entry.stream, self._keys.dead(entry.partition)]
        return Call(script("bury"), script_keys, [*about, *_letter(entry, fault)])

    def postpone(self, entry: Entry) -> Call:
        """Leave an entry for a newer builder."""
        about: list[Argument] = [entry.id, GROUP, entry.type, entry.data, entry.traceparent, entry.since]
        bounds: list[Argument] = [self._settings.future_keep_s * 1000, FUTURE_AGAIN_MS]
        return Call(script("postpone"), [entry.stream, self._keys.delayed(entry.partition)], [*about, *bounds])

    @property
    def _keep_ms(self) -> int:
        return self._settings.events_keep_s * 1000

    def _subject(self, work: Work) -> list[Argument]:
        event, entry = work.event, work.entry
        about: list[Argument] = [event.site, event.page, event.seq, entry.id, GROUP, self._builder]
        return [*about, entry.traceparent, self._keep_ms]

    def _ends(self, work: Work) -> list[str]:
        """What the end of a publication concerns: its lane, the events, the open ones, its site's rebuilds."""
        names, partition = self._keys, work.entry.partition
        return [work.entry.stream, names.events(partition), names.open(partition), names.rebuilds(work.event.site)]


def _letter(entry: Entry, fault: Fault) -> list[Argument]:
    failure: list[Argument] = [fault.code, fault.reason, fault.pointer, fault.detail]
    return [*failure, entry.type, entry.data, MOST_DEAD_LETTERS]
