"""Find what a browser would run or load from elsewhere in a page."""

from __future__ import annotations

from html.parser import HTMLParser

OURS = ("/static/",)
_ADDRESSES = ("href", "src", "action", "formaction", "srcset", "poster", "data", "xlink:href")
_ELEMENTS = (
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "base",
    "style",
    "applet",
    "frame",
    "template",
    "audio",
    "video",
)


class _Harm(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith(OURS):
            self.found.append("a script of its own")
        if tag in _ELEMENTS:
            self.found.append(f"an element <{tag}>")
        for name, value in attrs:
            address = "".join((value or "").split()).casefold()
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"an attribute {name} of <{tag}>")
            if name in _ADDRESSES and address.startswith(("javascript:", "data:", "vbscript:")):
                self.found.append(f"an address {value!r} of <{tag}>")


def harm_in(page: str) -> list[str]:
    """Return what is harmful in a page, in its order."""
    parser = _Harm()
    parser.feed(page)
    return parser.found
