"""What the handlers of the api have in common: the store, the tokens, the bounds and the counters, in one place."""

from prometheus_client import CollectorRegistry, Counter

from shared.auth import Tokens
from shared.connection import Client
from shared.firing import Firing
from shared.hostnames import HostnameStore
from shared.keys import Keys
from shared.rebuilds import RebuildStore
from shared.schedules import ScheduleStore
from shared.settings import Settings
from shared.store import Store


class Api:
    """The api's parts.

    Args:
        client: for short calls.
        settings: bounds.
        registry: where the counters are listed; one of its own where none is given.
    """

    def __init__(self, client: Client, settings: Settings, registry: CollectorRegistry | None = None) -> None:
        self.client, self.settings = client, settings
        self.keys = Keys(settings.partitions)
        self.store = Store(client, self.keys, settings)
        self.rebuilds = RebuildStore(client, self.keys, settings)
        self.schedules = ScheduleStore(client, self.keys, settings, self.store)
        self.firing = Firing(client, self.keys, settings)
        self.hostnames = HostnameStore(client, self.keys, settings)
        self.tokens = Tokens(client)
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "platen_api_requests", "Answers of the api.", ["route", "method", "status"], registry=self.registry
        )
        self.accepted = Counter(
            "platen_publications_accepted", "Publications accepted.", ["cause"], registry=self.registry
        )
