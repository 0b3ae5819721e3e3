"""What tests read and change Redis with, past the services: one of each store."""

from shared.connection import Client
from shared.keys import Keys
from shared.pages import PageStore
from shared.publications import PublicationStore
from shared.published import PublishedStore
from shared.publishing import Publishing
from shared.settings import Settings
from shared.sites import SiteStore
from shared.versions import VersionStore
from shared.witness import WitnessStore


class Stores:
    """All of them, on one Redis.

    Args:
        client: for short calls.
        keys: names.
        settings: bounds.
    """

    def __init__(self, client: Client, keys: Keys, settings: Settings) -> None:
        self.sites = SiteStore(client, keys, settings)
        self.pages = PageStore(client, keys)
        self.versions = VersionStore(client, keys)
        self.publications = PublicationStore(client, keys)
        self.publishing = Publishing(client, keys, settings)
        self.published = PublishedStore(client, keys)
        self.witnesses = WitnessStore(client, keys, settings)
