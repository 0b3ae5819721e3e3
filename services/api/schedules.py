"""Schedules: say now what is to be published, or taken off, at an instant to come; list them, and call them off."""

from typing import Annotated, Literal

import msgspec
from starlette.responses import Response

from services.api.api import Api
from services.api.asking import Asked
from services.api.changing import changed, once_more
from services.api.endpoint import PAGE, V1, Answer, Endpoint
from services.api.publications import MOST_NUMBER
from shared.errors import Invalid
from shared.events import Action
from shared.http import json_response
from shared.schedules import STATES, Plan, Schedule
from shared.zones import LOCAL_PATTERN, LONGEST_ZONE

EXAMPLE = {
    "id": 12,
    "page": "spring",
    "action": "publish",
    "version": 4,
    "local": "2026-12-24T09:00",
    "zone": "Europe/Berlin",
    "fold": 0,
    "instant": "2026-12-24T09:00:00+01:00",
    "at": 1798099200000,
    "by": "admin",
    "created_at": 1767225600000,
    "state": "scheduled",
    "is_overdue": False,
    "fired_at": 0,
    "late_ms": 0,
    "publication_seq": 0,
    "failure": None,
    "cancelled_by": "",
    "cancelled_at": 0,
}
_DONE = {**EXAMPLE, "state": "done", "fired_at": 1798099200004, "late_ms": 4, "publication_seq": 7}
_CANCELLED = {**EXAMPLE, "state": "cancelled", "cancelled_by": "admin", "cancelled_at": 1767225700000}


class NewSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be done, and when.

    Attributes:
        action: what is to be done.
        version: number of the version that is to go live; the newest there is now where none is given.
        at: what the clocks of the zone will show: date and time, without an offset.
        zone: name of an IANA time zone.
        fold: which of the two where clocks that are put back show it twice; 0 is the first time.
    """

    action: Action
    version: Annotated[int, msgspec.Meta(ge=1, le=MOST_NUMBER, description="number of a version")] | None = None
    at: Annotated[
        str,
        msgspec.Meta(
            max_length=40,
            description="local time such as 2026-12-24T09:00",
            extra_json_schema={"pattern": LOCAL_PATTERN},
        ),
    ]
    zone: Annotated[str, msgspec.Meta(max_length=LONGEST_ZONE, description="IANA time zone, such as Europe/Berlin")]
    fold: Literal[0, 1] | None = None


class ScheduleList(msgspec.Struct, frozen=True, kw_only=True):
    """Schedules, those made last first.

    Attributes:
        items: the schedules.
        next: cursor of what follows, null at the end.
    """

    items: list[Schedule]
    next: str | None


async def schedule(api: Api, asked: Asked) -> Response:
    site, page = asked.site, asked.page
    new = await asked.body(NewSchedule)
    if new.action == "unpublish" and new.version is not None:
        raise Invalid("An unpublish has no version.", pointer="/version", mend="leave it out")
    plan = Plan(new.action, new.version or 0, new.at, new.zone, new.fold)
    request = asked.change(msgspec.json.encode(plan))
    made, replayed = await once_more(lambda: api.schedules.schedule(site, page, plan, request))
    location = f"{PAGE.format(site=site, page=made.page)}/schedules/{made.id}"
    return changed(made, 201, location=location, replayed=replayed)


async def list_page(api: Api, asked: Asked) -> Response:
    found = await api.schedules.of_page(asked.site, asked.page, asked.below_number, asked.limit)
    return json_response(ScheduleList(items=found.items, next=found.after or None))


async def list_site(api: Api, asked: Asked) -> Response:
    found = await api.schedules.of_site(
        asked.site, asked.choice("state", STATES) or "", asked.below_number, asked.limit
    )
    return json_response(ScheduleList(items=found.items, next=found.after or None))


async def show(api: Api, asked: Asked) -> Response:
    return json_response(await api.schedules.show(asked.site, asked.page, asked.schedule))


async def cancel(api: Api, asked: Asked) -> Response:
    site, page, number, request = asked.site, asked.page, asked.schedule, asked.change()
    cancelled, replayed = await once_more(lambda: api.schedules.cancel(site, page, number, request))
    return changed(cancelled, 200, location=None, replayed=replayed)


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PAGE}/schedules",
        "schedulePage",
        "Publish a version, or take the page off, at an instant to come",
        schedule,
        Answer(201, Schedule, "Scheduled; it fires whether or not anybody is there.", EXAMPLE, ["Location"]),
        problems=[404, 409],
        body=NewSchedule,
        body_example={"action": "publish", "version": 4, "at": "2026-12-24T09:00", "zone": "Europe/Berlin"},
        needs="publish",
    ),
    Endpoint(
        "GET",
        f"{PAGE}/schedules",
        "listSchedules",
        "List the schedules of a page",
        list_page,
        Answer(200, ScheduleList, "Schedules, those made last first.", {"items": [_DONE], "next": None}),
        problems=[404],
        listed_by="number",
    ),
    Endpoint(
        "GET",
        f"{PAGE}/schedules/{{schedule}}",
        "showSchedule",
        "See what became of a schedule",
        show,
        Answer(200, Schedule, "The schedule.", _DONE),
        problems=[404],
    ),
    Endpoint(
        "DELETE",
        f"{PAGE}/schedules/{{schedule}}",
        "cancelSchedule",
        "Call a schedule off, unless it has fired",
        cancel,
        Answer(200, Schedule, "Called off: it will not fire.", _CANCELLED),
        problems=[404, 409],
        needs="publish",
    ),
    Endpoint(
        "GET",
        f"{V1}/sites/{{site}}/schedules",
        "listSiteSchedules",
        "List the schedules of a site",
        list_site,
        Answer(200, ScheduleList, "Schedules, those made last first.", {"items": [EXAMPLE], "next": None}),
        problems=[404],
        listed_by="number",
        query={"state": {"description": "Only those in this state.", "schema": {"enum": [*STATES]}}},
    ),
)
