"""Read a form of a page as a browser would send it."""

from __future__ import annotations

from html.parser import HTMLParser


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._into: tuple[str, str] | None = None  # name and text of the open textarea
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        if not self.forms:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("submit", "file"):
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self._add(name, given.get("value", ""))
        elif tag == "textarea":
            self._into = (name, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._add(self._select, given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into = (self._into[0], self._into[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._into is not None:
            name, text = self._into
            self._add(name, text.removeprefix("\n"))  # the first line feed is no part of it
            self._into = None
        elif tag == "select":
            self._select = ""

    def _add(self, name: str, value: str) -> None:
        self.forms[-1][1].setdefault(name, []).append(value.replace("\r\n", "\n").replace("\n", "\r\n"))


def forms_of(page: str) -> list[tuple[str, dict[str, list[str]]]]:
    """Return (address, field → values) of every form of a page, with line ends as browsers send them."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def form_of(page: str, address: str) -> dict[str, list[str]]:
    """Return the fields of the first form that goes to an address."""
    return next(fields for action, fields in forms_of(page) if action == address)
