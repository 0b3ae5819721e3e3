"""The visitor path: hits per CPU second, beside nginx serving the same bytes as files and a bare ASGI app.

All servers run on one core and wrk on another; they are loaded in turn, in an order that rotates from round to round.
As long as the server's core is full, hits per second are hits per core; what counts is the ratio of hits per CPU
second, which holds where something else takes part of the core, too. Ratios are medians of the rounds' own ratios.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.nginx import find_module, find_nginx, nginx, nginx_version
from bench.options import numbers, some_of
from bench.processes import Cores, cores, cpu_s, describe_cores, family, free_port, listens, pin, started, wait_until
from bench.running import Running, has_fast_path, platen_server, platen_up
from bench.site import CODED, common_headers, fetch, publish_pages, write_site
from bench.wrk import Load, Varied, find_wrk, run_wrk
from services.server.sending import cost_of_files

PAGES, AGENTS = 200, 50
NGINX, OURS = "nginx", "platen server"
TRIAL_S, WARM_UP_S = 1, 1
TRIALS = 3
FULL = 0.9


class Peer(NamedTuple):
    """A server that is loaded.

    Attributes:
        port: on 127.0.0.1.
        pids: whose CPU time counts.
    """

    name: str
    port: int
    pids: list[int]


class Row(NamedTuple):
    """A kind of request.

    Attributes:
        headers: sent with each.
        is_conditional: whether it also names the entity tag the server has for the page.
        varied: requests that differ, None for one again and again.
    """

    title: str
    headers: dict[str, str]
    is_conditional: bool = False
    varied: Varied | None = None


ROWS = {
    "identity": Row("200, whole", {}),
    "coded": Row(f"200, Accept-Encoding: {CODED['Accept-Encoding']}", CODED),
    "unchanged": Row("304 by If-None-Match", {}, is_conditional=True),
    "varied": Row(f"200, whole, {PAGES} pages and {AGENTS} browsers in turn", {}, varied=Varied(PAGES, AGENTS)),
}


class Sample(NamedTuple):
    """One run of one server."""

    hits_per_s: float
    busy: float
    hits_per_cpu_s: float
    p50_ms: float
    p99_ms: float


class Tuning(NamedTuple):
    """Directives of nginx that are tried both ways."""

    sendfile: bool
    tcp_nopush: bool
    open_file_cache: bool

    @property
    def directives(self) -> str:
        lines = ["sendfile on;" if self.sendfile else "sendfile off;"]
        lines += ["tcp_nopush on;"] if self.tcp_nopush else []
        lines += ["open_file_cache max=2000 inactive=1h; open_file_cache_valid 60s;"] if self.open_file_cache else []
        return " ".join(lines)


# tcp_nopush is of no use without sendfile.
SENDING = ((False, False), (True, False), (True, True))
TUNINGS = [Tuning(sendfile, nopush, cache) for sendfile, nopush in SENDING for cache in (False, True)]


# The peers


@contextlib.contextmanager
def _file_server(folder: Path, site: Path, core: int, tuning: Tuning) -> Iterator[Peer]:
    """nginx on a site's files, with the headers that Platen sends."""
    brotli = find_module("ngx_http_brotli_static_module") if (site / "bench/p0.br").exists() else None
    server = [f"root {site};", "etag on;", "gzip_static on;", "gzip_vary off;"]
    server += ["default_type 'text/html; charset=utf-8';", "brotli_static on;" if brotli else ""]
    server += [f'add_header {name} "{value}";' for name, value in common_headers(site)]
    with TemporaryDirectory(dir=folder) as own:
        text, modules = "\n".join(server), [brotli] if brotli else []
        with nginx(Path(own), core, server=text, http=tuning.directives, modules=modules) as found:
            yield Peer(NGINX, found.port, found.pids)


def _tune(folder: Path, site: Path, where: Cores) -> Tuning:
    """The tuning with most hits per CPU second, each tried a few times in turn."""
    with contextlib.ExitStack() as stack:
        tried = {tuning: stack.enter_context(_file_server(folder, site, where.server, tuning)) for tuning in TUNINGS}
        found: dict[Tuning, list[float]] = {tuning: [] for tuning in TUNINGS}
        for _ in range(TRIALS):
            for tuning, peer in tried.items():
                found[tuning].append(_measure(peer, ROWS["identity"], 32, TRIAL_S, where.client).hits_per_cpu_s)
    return max(TUNINGS, key=lambda tuning: statistics.median(found[tuning]))


@contextlib.contextmanager
def _bare_app(site: Path, core: int) -> Iterator[Peer]:
    port = free_port()
    with started([sys.executable, "-m", "bench.bare", str(port), str(site)], core) as process:
        wait_until(lambda: listens(port), "the bare app listens")
        yield Peer("bare ASGI, uvicorn", port, [process.pid])


@contextlib.contextmanager
def _server(running: Running, core: int, name: str, **settings: object) -> Iterator[Peer]:
    with platen_server(running.redis_url, core, **settings) as served:
        yield Peer(name, served.port, [served.pid])


@contextlib.contextmanager
def _peers(running: Running, folder: Path, where: Cores) -> Iterator[list[Peer]]:
    """Every peer that can be had, the others named; Platen's own first."""
    with contextlib.ExitStack() as stack:
        core, site = where.server, folder / "site"
        ours = stack.enter_context(_server(running, core, OURS))
        peers = [ours]
        if has_fast_path():
            peers.append(stack.enter_context(_server(running, core, f"{OURS}, ASGI", FAST_PATH=0)))
        else:
            print("left out: PLATEN_FAST_PATH=0, since there is no such setting: all of Platen's hits go through ASGI")
        pin([running.pid], core)
        peers.append(Peer("platen up", running.port, [running.pid]))
        write_site(site, ours.port, PAGES)
        peers.append(stack.enter_context(_bare_app(site, core)))
        if find_nginx():
            tuning = _tune(folder, site, where)
            print(f"{nginx_version()}, the best of {len(TUNINGS)} ways: {tuning.directives}")
            peers.append(stack.enter_context(_file_server(folder, site, core, tuning)))
        else:
            print("left out: nginx, which is not installed; ratios are to the bare ASGI app")
        yield peers


# The measurement


def _measure(peer: Peer, row: Row, connections: int, seconds: int, core: int) -> Sample:
    before = cpu_s(peer.pids)
    load = _load(peer, row, connections, seconds, core)
    used = cpu_s(peer.pids) - before
    rate = load.requests / load.seconds
    return Sample(rate, used / load.seconds, load.requests / used, load.p50_ms, load.p99_ms)


def _load(peer: Peer, row: Row, connections: int, seconds: int, core: int) -> Load:
    headers = dict(row.headers)
    if row.is_conditional:
        headers["If-None-Match"] = fetch(peer.port, "/bench/p0", {}).header("etag")
    return run_wrk(peer.port, headers, connections=connections, seconds=seconds, core=core, varied=row.varied)


def _measure_row(
    peers: Sequence[Peer], row: Row, connections: int, options: argparse.Namespace, core: int
) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    for peer in peers:
        _load(peer, row, connections, WARM_UP_S, core)
    for number in range(options.rounds):
        turn = number % len(peers)
        for peer in (*peers[turn:], *peers[:turn]):
            found[peer.name].append(_measure(peer, row, connections, options.seconds, core))
    return found


def _print_answers(peers: Sequence[Peer]) -> None:
    print(f"\n{'what is answered':<22} {'whole':>22} {'coded':>22} {'unchanged':>22}   body + head in bytes")
    for peer in peers:
        whole = fetch(peer.port, "/bench/p0", {})
        coded = fetch(peer.port, "/bench/p0", CODED)
        unchanged = fetch(peer.port, "/bench/p0", {"If-None-Match": whole.header("etag")})
        cells = [
            f"{answer.status} {answer.header('content-encoding')} {len(answer.body):,} + {answer.head_bytes}"
            for answer in (whole, coded, unchanged)
        ]
        print(f"{peer.name:<22} {cells[0]:>22} {cells[1]:>22} {cells[2]:>22}")


def _print_row(title: str, connections: int, found: dict[str, list[Sample]]) -> None:
    anchor = NGINX if NGINX in found else next(name for name in found if name.startswith("bare"))
    print(f"\n{title}, {connections} connections")
    print(f"{'':<22} {'hits/s':>9} {'core':>5} {'hits/CPU s':>11} {'ratio':>6} {'(range)':>13}  p50 ms  p99 ms")
    for name, samples in found.items():
        ratios = [s.hits_per_cpu_s / n.hits_per_cpu_s for s, n in zip(samples, found[anchor], strict=True)]
        middle = Sample(*(statistics.median(values) for values in zip(*samples, strict=True)))
        line = f"{name:<22} {middle.hits_per_s:>9,.0f} {middle.busy:>5.0%} {middle.hits_per_cpu_s:>11,.0f}"
        line += f" {statistics.median(ratios):>6.2f} {f'({min(ratios):.2f}-{max(ratios):.2f})':>13}"
        print(f"{line} {middle.p50_ms:>7.2f} {middle.p99_ms:>7.2f}", flush=True)
    if any(statistics.median(sample.busy for sample in samples) < FULL for samples in found.values()):
        # A server that is woken for each request does more per request than one that always has the next.
        print("not every server's core was full: the generator or other work on this machine was the limit")


# The program


def _describe_sending() -> str:
    """The way that Platen's servers choose at their start, as nginx's is chosen by trying."""
    cost = cost_of_files()
    if cost is None:
        return "sending   Platen writes; there are no files in memory here"
    way = "sends from a file in memory" if cost < 1 else "writes"
    return f"sending   Platen {way}: from a file it takes {cost:.2f} times as long as by write here"


def _read_options(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench serve", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each row (default 5)")
    parser.add_argument("--seconds", type=int, default=5, help="of each run (default 5)")
    parser.add_argument("--connections", type=numbers, default=[32, 128], help="such as 32,128 (default)")
    parser.add_argument(
        "--rows", type=some_of(ROWS), default=list(ROWS), help=f"some of {','.join(ROWS)} (default: all)"
    )
    return parser.parse_args(options)


def main(options: Sequence[str] = ()) -> None:
    """Print hits per second and per CPU second of each server, and the ratio to nginx."""
    asked, where = _read_options(options), cores()
    rows = [ROWS[name] for name in asked.rows]
    print(f"\nvisitor path, one core per server, {asked.rounds} rotating rounds of {asked.seconds} s")
    print(describe_cores(where))
    print(_describe_sending())
    if not find_wrk():
        print("left out: all of it, since wrk is not installed (apt-get install wrk)")
        return
    with platen_up(builders=1) as running, TemporaryDirectory(prefix="platen-bench-") as folder:
        asyncio.run(publish_pages(running, PAGES))
        pin(family(running.pid), where.client)
        with _peers(running, Path(folder), where) as peers:
            _print_answers(peers)
            for row in rows:
                for connections in asked.connections:
                    _print_row(row.title, connections, _measure_row(peers, row, connections, asked, where.client))
