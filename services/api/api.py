"""What the handlers of the api have in common: the stores, the tokens, the bounds and the metrics, in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.api.previewing import Previewing
from shared.accounts.accounts import AccountStore
from shared.accounts.audit import AuditLog
from shared.accounts.invitations import InvitationStore
from shared.accounts.passwords import Passwords
from shared.accounts.sessions import SessionStore
from shared.accounts.tokens import TokenStore
from shared.auth import Tokens
from shared.connection import Client
from shared.contents import ContentStore
from shared.dead_letters import DeadLetterStore
from shared.drafts import DraftStore
from shared.firing import Firing
from shared.hostnames import HostnameStore
from shared.keys import Keys
from shared.pages import PageStore
from shared.presence import PresenceStore
from shared.publications import PublicationStore
from shared.publishing import Publishing
from shared.rebuilds import RebuildStore
from shared.schedules import ScheduleStore
from shared.settings import Settings
from shared.shares import ShareStore
from shared.sites import SiteStore
from shared.versions import VersionStore


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
        self.sites = SiteStore(client, self.keys, settings)
        self.pages = PageStore(client, self.keys)
        self.versions = VersionStore(client, self.keys)
        self.publications = PublicationStore(client, self.keys)
        self.publishing = Publishing(client, self.keys, settings)
        self.drafts = DraftStore(client, self.keys)
        self.contents = ContentStore(client, self.keys)
        self.presence = PresenceStore(client, self.keys)
        self.rebuilds = RebuildStore(client, self.keys, settings)
        self.dead_letters = DeadLetterStore(client, self.keys, settings)
        self.schedules = ScheduleStore(client, self.keys, settings)
        self.firing = Firing(client, self.keys, settings)
        self.hostnames = HostnameStore(client, self.keys, settings)
        self.previewing = Previewing(client, self.keys, settings)
        self.shares = ShareStore(client, self.keys, settings)
        self.tokens = Tokens(client)
        self.accounts = AccountStore(client, settings)
        self.invitations = InvitationStore(client, settings)
        self.sessions = SessionStore(client, settings)
        self.api_tokens = TokenStore(client, settings)
        self.passwords = Passwords()
        self.audit = AuditLog(client)
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "platen_api_requests", "Answers of the api.", ["route", "method", "status"], registry=self.registry
        )
        self.accepted = Counter(
            "platen_publications_accepted", "Publications accepted.", ["cause"], registry=self.registry
        )
        self.dead = Gauge("platen_dead_letters", "Dead letters kept in Redis.", registry=self.registry)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do meanwhile what goes on beside requests; at the end, write what the audit log has not yet."""
        self.audit.start()
        try:
            async with self.firing:
                yield
        finally:
            await self.audit.stop()
            self.passwords.close()
