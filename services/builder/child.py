"""What runs in the render child: a process without a connection to anything, which may be killed at any time.

The renderer and its fragment cache live as long as the child does. One job that fails never costs its neighbours
their result; one that kills the child does, and the sandbox then renders its batch one by one.
"""

import contextlib
import resource
import signal
import traceback
from typing import NamedTuple

import msgspec

from services.builder.render import Renderer
from shared.codec import compress
from shared.config import decode_config
from shared.errors import RenderCrashed, RenderFailed

MIB = 1024 * 1024


class Limits(NamedTuple):
    """What a child may use.

    Attributes:
        memory_mib: address space.
        public_url: origin for canonical links, "" for none.
    """

    memory_mib: int
    public_url: str


class Job(NamedTuple):
    """One page to render.

    Attributes:
        site, page: slugs.
        site_title: the site's name.
        config: JSON of a config, as it was saved.
    """

    site: str
    page: str
    site_title: str
    config: bytes


class Built(NamedTuple):
    """A finished page.

    Attributes:
        body: the HTML, compressed.
        size: length of the HTML in bytes, uncompressed.
        etag: hash of the HTML, without quotes.
        csp: the page's Content-Security-Policy.
    """

    body: bytes
    size: int
    etag: str
    csp: str


class Fault(NamedTuple):
    """A page that could not be rendered.

    Attributes:
        code: the error's code.
        retryable: whether another attempt can succeed.
        reason: a sentence for people.
        pointer: JSON pointer into the config, "" where no field is to blame.
        detail: traceback, for operators.
    """

    code: str
    retryable: bool
    reason: str
    pointer: str = ""
    detail: str = ""


_renderer: Renderer | None = None


def render_jobs(limits: Limits, jobs: list[Job]) -> list[Built | Fault]:
    """Render pages, in order. The child's entry point."""
    renderer = _ready(limits)
    return [_render(renderer, job) for job in jobs]


def _ready(limits: Limits) -> Renderer:
    """The child's renderer; its first call confines the process."""
    global _renderer  # noqa: PLW0603 - a child is one renderer, and this is where it lives
    if _renderer is None:
        _confine(limits)
        _renderer = Renderer(limits.public_url)
    return _renderer


def _confine(limits: Limits) -> None:
    # A Ctrl-C in the terminal reaches the whole process group; the builder decides when its child goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bounds = {resource.RLIMIT_AS: limits.memory_mib * MIB, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    for kind, bound in bounds.items():
        # Not every platform enforces each of them.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (bound, bound))


def _render(renderer: Renderer, job: Job) -> Built | Fault:
    try:
        config = decode_config(job.config)
        rendered = renderer.render(config, job.site, job.page, job.site_title)
        return Built(compress(rendered.html), len(rendered.html), rendered.etag, rendered.csp)
    except RenderFailed as error:
        return Fault(error.code, error.retryable, error.detail, error.pointer, traceback.format_exc())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = f"This version was saved in a form that this builder cannot read: {error}."
        return Fault(RenderFailed.code, RenderFailed.retryable, reason, "", traceback.format_exc())
    except MemoryError:
        return Fault(RenderCrashed.code, RenderCrashed.retryable, "Rendering the page took too much memory.")
    except Exception as error:  # a bug in a template ends this build, not its neighbours
        reason = f"The page could not be rendered: {type(error).__name__}."
        return Fault(RenderFailed.code, RenderFailed.retryable, reason, "", traceback.format_exc())
