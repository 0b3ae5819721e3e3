"""A handful of points side by side."""

from typing import Annotated

import msgspec

from shared.widgets.parts import Widget
from shared.widgets.texts import Icon, Prose, Title


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Point: one of several, with an icon if it has one."""

    title: Title
    body: Prose
    icon: Icon | None = None


class Features(Widget, frozen=True, tag="features"):
    """Points: a handful of reasons, steps or parts, side by side."""

    items: Annotated[tuple[Feature, ...], msgspec.Meta(min_length=1, max_length=24)]
    title: Title | None = None
