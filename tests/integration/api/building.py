"""What a builder does to the data, without one: every queued publication goes live."""

import json

from shared.connection import Client
from shared.keys import GROUP, Keys
from shared.scripts import Call, run, script


async def build_all(client: Client, keys: Keys) -> None:
    """Commit every entry that waits."""
    for id_, fields in await client.xrange(keys.builds(0)):
        event = json.loads(fields[b"data"])
        site, page, seq = event["site"], event["page"], event["seq"]
        names = [keys.head(site, page), keys.publications(site, page), keys.page(site, page)]
        names += [keys.artifacts(site, page), keys.builds(0), keys.events(0), keys.open(0), keys.rebuilds(site)]
        names += [keys.unserved(0)]
        trace, body = fields[b"traceparent"].decode(), b"body %d" % seq
        arguments = [
            site,
            page,
            seq,
            id_,
            GROUP,
            "b1",
            trace,
            3_600_000,
            f"etag-{seq}",
            "csp",
            len(body),
            1.5,
            body,
            50,
        ]
        assert (await run(client, Call(script("commit"), names, arguments)))[0] == b"live"
