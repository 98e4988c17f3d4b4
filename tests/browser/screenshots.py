"""Take a picture of every page, in both colour schemes, wide and narrow.

python -m tests.browser.screenshots DIRECTORY [--address http://127.0.0.1:8080 --link LINK]

Without an address it starts a server of its own on an empty home, with the shipped content.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tests.browser.chromium import launched, what_is_missing
from tests.browser.looks import SCHEMES, SIZES, Look, look_again, opened
from tests.browser.site_pages import KNOWN, visit
from tests.browser.writings import add_writings
from tests.command_line import home_with_model
from tests.test_cli_serve import serve, stop

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@contextmanager
def a_server(address: str, link: str) -> Iterator[tuple[str, str]]:
    """Give the address and one-time link of the server that is named, or of a new one."""
    if address:
        yield address.rstrip("/"), link
        return
    with tempfile.TemporaryDirectory() as place:
        click.echo("Starting a server with the shipped content.")
        served = serve(home_with_model(Path(place, "home"), Path(place)), Path(place, "log"))
        add_writings(Path(place, "home"))
        try:
            yield served.address, served.link
        finally:
            stop(served)


def take(browser: Browser, directory: Path, address: str, link: str) -> Iterator[Path]:
    """Yield the files, as they are written: `wide-light-start.png` and so on."""
    directory.mkdir(parents=True, exist_ok=True)
    with browser.new_context() as context:
        context.new_page().goto(link)
        session = context.storage_state()
    for one in KNOWN:
        with opened(browser, address, Look(signed_in=one.signed_in), session) as context:
            page = context.new_page()
            name = re.sub(r"\W+", "-", one.name.casefold())
            for width, size in zip(("wide", "narrow"), SIZES, strict=True):
                look_again(page, "light", size)
                visit(page, one)
                for scheme in SCHEMES:
                    look_again(page, scheme, size)
                    path = directory / f"{width}-{scheme}-{name}.png"
                    page.screenshot(path=path, full_page=True)
                    yield path


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--address", default="", help="A running server; its content must hold the shipped examples.")
@click.option("--link", default="", help="A one-time sign-in link of that server (kb user link).")
def main(directory: Path, address: str, link: str) -> None:
    """Write a picture of every page into DIRECTORY."""
    if missing := what_is_missing():
        raise click.ClickException(missing)
    if address and not link:
        raise click.UsageError("--address needs --link; `kb user link` prints one")
    with a_server(address, link) as (where, way_in), launched() as browser:
        for path in take(browser, directory, where, way_in):
            click.echo(path)


if __name__ == "__main__":
    main()
