"""What runs in the render child: a process without a connection to anything, which may be killed at any time.

It says with an empty frame that it is ready, then reads frames of jobs from its standard input and answers each job
with a frame of its own, at once, until its input ends. The renderer and its fragment cache live as long as it does. A
job that fails costs its neighbours nothing; one that kills the child only costs those after it another child. The
frames are MessagePack, not pickle: a process that handles what strangers wrote must not be able to hand its parent
code.
"""

import contextlib
import os
import resource
import signal
import sys
import traceback
from typing import BinaryIO

import msgspec

from services.builder.render import Renderer
from shared.codec import compress
from shared.config import decode_config
from shared.errors import RenderCrashed, RenderFailed

MIB = 1024 * 1024
CACHE_BYTES = 64 * MIB
NICENESS = 5


class Limits(msgspec.Struct, frozen=True):
    """What a child may use.

    Attributes:
        memory_mib: address space.
        public_url: origin for canonical links, "" for none.
    """

    memory_mib: int
    public_url: str


class Job(msgspec.Struct, frozen=True, array_like=True):
    """One page to render.

    Attributes:
        site, page: slugs.
        site_title: the site's name.
        config: JSON of a config, as it was saved.
        hostname: the site's first hostname, "" where it has none.
    """

    site: str
    page: str
    site_title: str
    config: bytes
    hostname: str = ""


class Built(msgspec.Struct, frozen=True, array_like=True, tag=True):
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


class Fault(msgspec.Struct, frozen=True, array_like=True, tag=True):
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


Result = Built | Fault

LENGTH_BYTES = 4
_ENCODER = msgspec.msgpack.Encoder()
_JOBS: msgspec.msgpack.Decoder[list[Job]] = msgspec.msgpack.Decoder(list[Job])
_RESULT: msgspec.msgpack.Decoder[Result] = msgspec.msgpack.Decoder(Built | Fault)


def encode_frame(content: list[Job] | Result) -> bytes:
    """A frame: the length of what follows in four bytes, and that."""
    return _frame(_ENCODER.encode(content))


def decode_result(body: bytes) -> Result:
    """What a child answered.

    Raises:
        msgspec.DecodeError: it is not that.
    """
    return _RESULT.decode(body)


def main() -> None:
    """Answer jobs until the parent closes the pipe."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    # Whatever prints by mistake must not end up between the frames.
    sys.stdout = sys.stderr
    renderer = Renderer(limits.public_url, CACHE_BYTES)
    _confine(limits)
    _send(target, _frame(b""))
    while jobs := _read_frame(source):
        for job in _JOBS.decode(jobs):
            _send(target, encode_frame(_render(renderer, job)))


def _frame(body: bytes) -> bytes:
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def _send(target: BinaryIO, frame: bytes) -> None:
    # Held back, a finished page would be lost with the one after it, which may take long or kill us.
    target.write(frame)
    target.flush()


def _read_frame(source: BinaryIO) -> bytes:
    """A frame's content; empty at the end."""
    return source.read(int.from_bytes(source.read(LENGTH_BYTES), "big"))


def _confine(limits: Limits) -> None:
    # On a machine that is busy, whoever waits for an answer goes before whoever renders.
    os.nice(NICENESS)
    # A Ctrl-C in the terminal reaches the whole process group; the builder decides when its child goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bounds = {resource.RLIMIT_AS: limits.memory_mib * MIB, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    for kind, bound in bounds.items():
        # Not every platform enforces each of them.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (bound, bound))


def _render(renderer: Renderer, job: Job) -> Result:
    try:
        config = decode_config(job.config)
        rendered = renderer.render(config, job.site, job.page, job.site_title, job.hostname)
        return Built(_compress(rendered.html), len(rendered.html), rendered.etag, rendered.csp)
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


def _compress(html: bytes) -> bytes:
    try:
        return compress(html)
    except Exception as error:
        # It can fail in one way, and has an error of its own for it.
        raise MemoryError from error


if __name__ == "__main__":
    main()
