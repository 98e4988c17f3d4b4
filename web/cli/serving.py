"""`kb serve`: the site and the API, ready from an empty home."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from kb.errors import ConfigurationError, IndexLocked
from kb.settings import read_settings
from web.cli.progress import progress_bar, say
from web.links import new_sign_in_path
from web.shipped import is_new, load_examples, load_manual
from web.wiring import Services, open_services


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.pass_obj
def serve_command(home: Path, host: str, port: int) -> None:
    """Run the site and the API. On an empty home, load the shipped content first."""
    line = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=logging.WARNING, format=line, stream=sys.stderr)
    logging.getLogger("fixlore").setLevel(logging.INFO)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    settings = read_settings(home)
    listening = _listening(host, port)  # before anything else: a port in use should not cost a minute
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with listening, open_services(settings, say) as services:
            first_run(services)
            address = settings.base_url.rstrip("/") or f"http://{_shown(host)}:{listening.getsockname()[1]}"
            _serve(services, listening, address)
    except KeyboardInterrupt:  # in the first run; later the server ends by itself
        say("Stopped.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def first_run(services: Services) -> None:
    """Load examples on a new home, bring the manual up to this version, and index what is pending."""
    if is_new(services.store):
        say("Loading the shipped articles and example tickets.")
        load_examples(services.store)
    load_manual(services.store)
    # Another process that indexes will index this too.
    with suppress(IndexLocked), progress_bar("Indexing") as progress:
        services.indexing().drain(progress)


def _serve(services: Services, listening: socket.socket, address: str) -> None:
    from waitress.server import create_server

    from web.app import create_app

    app = create_app(services)
    services.start_indexing()
    server = create_server(
        app,
        sockets=[listening],
        threads=services.settings.threads,
        ident=None,
        max_request_body_size=services.settings.max_body_mb * 2**20 + 2**20,
        clear_untrusted_proxy_headers=not services.settings.base_url,
    )

    click.echo(f"Fixlore is at {address}")
    click.echo(f"Sign in once with {address}{new_sign_in_path(services.store)}")
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        say("Stopping.")
        server.close()


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
        raise ConfigurationError(f"{host}:{port} cannot be used: {error.strerror}; choose another --port") from error
    listening.setblocking(False)
    return listening


def _shown(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
