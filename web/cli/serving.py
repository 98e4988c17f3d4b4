"""`kb serve`: the site and the API, ready from an empty home."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from kb.errors import ConfigurationError, IndexLocked, IndexUnavailable, StoreError
from kb.settings import Settings, changed_settings, read_settings
from web.cli.progress import progress_bar, say
from web.links import ADDRESS_SETTING, new_sign_in_path
from web.shipped import is_new, load_examples, load_manual
from web.wiring import Services, open_services

_LOG = logging.getLogger("fixlore.server")


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.pass_obj
def serve_command(home: Path, host: str, port: int) -> None:
    """Run the site and the API. On an empty home, load the shipped content first."""
    from web.logs import start_logging

    settings = read_settings(home)
    listening = _listening(host, port)  # before anything else: a port in use should not cost a minute
    start_logging(settings.log_format, settings.log_level)
    tell = _Teller(as_log=settings.log_format == "json")
    signals = _Signals()
    signal.signal(signal.SIGTERM, signals)
    signal.signal(signal.SIGINT, signals)
    try:
        with listening, open_services(settings, tell) as services:
            first_run(services, tell, log=tell if tell.as_log else None)
            address = settings.base_url.rstrip("/") or f"http://{_shown(host)}:{listening.getsockname()[1]}"
            _serve(services, listening, address, tell, signals)
    except KeyboardInterrupt:  # in the first run; later the server ends by itself
        pass
    tell("Stopped.")


class _Teller:
    """Tells a line to whoever started the server, and to the log once there may be nobody watching."""

    def __init__(self, *, as_log: bool):
        self.as_log = as_log

    def __call__(self, line: str) -> None:
        if self.as_log:
            _LOG.info("%s", line)
        else:
            say(line)


class _Signals:
    """The first signal ends in order, the second at once: a process that hangs must not need `kill -9`."""

    def __init__(self) -> None:
        self.stop: Callable[[], None] = _interrupt
        self._asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            os._exit(128 + number)  # nothing acknowledged is lost: that holds for a kill too
        self._asked = True
        self.stop()


def _interrupt() -> None:
    raise KeyboardInterrupt


def first_run(services: Services, tell: Callable[[str], None] = say, log: Callable[[str], None] | None = None) -> None:
    """Load examples on a new home, bring the manual up to this version, and index what is pending.

    Where standard error is a log for programs, `log` takes the progress too.
    What only fails for want of room or of rights is told and left for later, since there is something to answer from.
    """
    if is_new(services.store):
        tell("Loading the shipped articles and example tickets.")
        load_examples(services.store)
    try:
        load_manual(services.store)
    except StoreError as error:
        _refuse_unreadable(services)
        _LOG.warning("the manual was not brought up to this version: %s", error)
    try:
        # Another process that indexes will index this too.
        with suppress(IndexLocked), progress_bar("Indexing", log) as progress:
            services.indexing().drain(progress)
    except (IndexUnavailable, StoreError) as error:
        _refuse_unreadable(services)
        _LOG.warning("indexing failed and is tried again: %s", error)


def _serve(services: Services, listening: socket.socket, address: str, tell: _Teller, signals: _Signals) -> None:
    from prometheus_client import disable_created_metrics

    from web.answer_process import warm
    from web.app import create_app
    from web.server import PATIENCE_S, Server

    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, asked for by nobody
    settings = services.settings
    server = Server(
        create_app(services),
        listening,
        threads=settings.threads,
        max_body=(settings.max_body_mb + 1) * 2**20,
        behind_proxy=bool(settings.base_url),
    )
    services.start_indexing()
    services.share_answering()
    threading.Thread(target=lambda: warm(services.searcher()), name="warming up", daemon=True).start()
    with suppress(StoreError):  # the link then names the usual port
        services.store.put_setting(ADDRESS_SETTING, address)
    click.echo(f"Fixlore is at {address}")
    click.echo(_way_in(services, address))
    sys.stdout.flush()
    _log_start(settings, address)
    tell.as_log = True  # from here on there may be nobody at the terminal
    signals.stop = server.stop
    cut_off = server.run()
    tell.as_log = settings.log_format == "json"
    tell("Stopping.")
    if cut_off:
        _LOG.warning("%d requests took longer than %.0f s and were cut off without an answer", cut_off, PATIENCE_S)


def _refuse_unreadable(services: Services) -> None:
    """Raise StoreError when the store gives nothing to answer from; one that takes no writes does."""
    services.store.counts()
    services.store.pending_count()


def _way_in(services: Services, address: str) -> str:
    """Return the line that tells how to sign in."""
    try:
        if services.store.has_administrator():
            return f"Sign in at {address}/sign-in"
        return f"Sign in once with {address}{new_sign_in_path(services.store)}"
    except StoreError as error:
        return f"No sign-in link could be made: {error}. Then run `kb user link`."


def _log_start(settings: Settings, address: str) -> None:
    """Log what runs where. The sign-in link is for the terminal alone."""
    from web.version import running_version

    changed = changed_settings(settings)
    fields = {"version": running_version(), "home": str(settings.home), "address": address}
    _LOG.info("started", extra={**fields, "settings": changed} if changed else fields)


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises ConfigurationError, naming the remedy, when it cannot."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(f"{host} is no address to listen on: {error}; choose another --host") from error
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        wrong = "--host" if error.errno == errno.EADDRNOTAVAIL else "--port"
        raise ConfigurationError(f"{host}:{port} cannot be used: {error.strerror}; choose another {wrong}") from error
    listening.setblocking(False)
    return listening


def _shown(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
