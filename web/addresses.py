"""Say at which address a document's page is."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

# What RFC 3986 lets stand in a path segment, and the slash, which ids may hold.
_SAFE = "/:@!$&'()*+,;=~"

LARGEST_NUMBER = 2**31 - 1
"""More than any page, revision or request has, and small enough for every store."""


def number_in_address(text: str) -> int:
    """Return the whole number that stands in an address or form. Raises ValueError for another text or a huge one."""
    number = int(text)
    if abs(number) > LARGEST_NUMBER:
        raise ValueError(f"{text[:20]} is larger than {LARGEST_NUMBER}")
    return number


def document_url(document_id: str, kind: str, base_url: str = "") -> str:
    """Return the page of a document of type `kind`, below `base_url` when one is set."""
    if kind == "ticket":
        source, _, external_id = document_id.partition(":")
        return f"{base_url.rstrip('/')}/tickets/{quote(source, safe='')}/{quote(external_id, safe=_SAFE)}"
    return f"{base_url.rstrip('/')}/articles/{quote(document_id, safe=_SAFE)}"


def attachment_url(sha256: str, name: str) -> str:
    """Return where a file is that an article holds; `name` is what it is called when it is saved."""
    return f"/attachments/{sha256}/{quote(name, safe='')}"


def local_target(target: str) -> str:
    """Return `target` when it is a path on this host, else the start page: no open redirect."""
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    try:
        return "/" if urlsplit(target).netloc else target
    except ValueError:
        return "/"
