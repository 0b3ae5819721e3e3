"""What accepting a publish costs."""

import httpx2
import pytest

from shared.connection import Client, connect
from shared.settings import Settings
from tests.integration.api.conftest import publish

pytestmark = [pytest.mark.redis7, pytest.mark.usefixtures("site")]


async def test_accepting_a_publish_is_one_round_trip(
    web: httpx2.AsyncClient, client: Client, settings: Settings
) -> None:
    other = connect(settings.redis_url)
    await other.ping()
    await publish(web)  # Redis knows the script from here on, and the api the token

    async with client.monitor() as monitor:
        await publish(web)
        await other.echo("the end")
        sent = []
        while "the end" not in (seen := await monitor.next_command())["command"]:
            # Beside the requests the api looks for schedules that are due.
            if seen["client_type"] != "lua" and seen["command"].split()[0] not in {"TIME", "ZRANGE"}:
                sent.append(seen["command"].split()[0])
    await other.aclose()

    assert sent == ["EVALSHA"]
