"""How a page is looked at: colour scheme, size of the window, with or without scripts and session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, StorageState

Size = tuple[int, int]
WIDE: Size = (1280, 900)
NARROW: Size = (390, 844)
SMALLEST: Size = (320, 640)
SIZES = (WIDE, NARROW)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(frozen=True)
class Look:
    """One way to look at a page; sizes are width and height in CSS pixels."""

    scheme: Scheme = "light"
    size: Size = WIDE
    javascript: bool = True
    signed_in: bool = True


@contextmanager
def opened(browser: Browser, address: str, look: Look, session: StorageState) -> Iterator[BrowserContext]:
    """Open a browser context with that look at `address`; `session` counts when the look is signed in."""
    context = browser.new_context(
        base_url=address,
        color_scheme=look.scheme,
        viewport={"width": look.size[0], "height": look.size[1]},
        java_script_enabled=look.javascript,
        storage_state=session if look.signed_in else None,
        permissions=["clipboard-read", "clipboard-write"],
    )
    try:
        yield context
    finally:
        context.close()


def look_again(page: Page, scheme: Scheme, size: Size) -> None:
    """Change colour scheme and size of a page that is open."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": size[0], "height": size[1]})
