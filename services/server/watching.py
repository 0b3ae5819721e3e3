"""What of a topic somebody may watch."""

from services.server.hub import EVERYTHING, SEVERAL, Topic, several
from shared.principal import Principal
from shared.roles import EVERYWHERE


def narrow(topic: Topic, principal: Principal) -> Topic | None:
    """What of a topic somebody may watch: of everything, the sites that they may look at.

    Returns:
        None where they may watch nothing of it.
    """
    if topic != EVERYTHING and topic[1] != SEVERAL:
        return topic if principal.may("look", topic[0]) else None
    if principal.may("look"):
        return EVERYTHING
    sites = [site for site in principal.places if site != EVERYWHERE and principal.may("look", site)]
    return several(sites) if sites else None


def may_go_on(topic: Topic, principal: Principal | None) -> bool:
    """Whether somebody may still watch just that; whose sites became others comes back, and watches those."""
    return principal is not None and narrow(topic, principal) == topic
