"""Say which files can be attached, what each one is by its content, and what it is called. Pure.

Its content decides what a file is, never what a browser says of it; and its name must agree. SVG and HTML are not
taken: both can carry scripts, and a picture or a PDF says the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kb.archive_parts import archive_of
from kb.article_files import decoded, megabytes
from kb.errors import InvalidInput, TooLarge, WrongKind
from kb.picture_data import PICTURE_TYPES, without_notes

LONGEST_NAME = 80
"""Characters of a cleaned name, its extension included."""
FOLDER = "files"
"""Where attachments of the site's articles lie, below the folder of the article."""
PREFIX = 16
"""Hexadecimal digits of a file's sha256 in its path: enough to tell files apart that nobody made to be confused."""
_TEXT = "text/plain"
_ZIP = "application/zip"
_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
_OFFICE_PARTS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),
    (b"\x4d\x3c\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\x3c\x4d", "application/vnd.tcpdump.pcap"),
    (b"\x0a\x0d\x0d\x0a", "application/x-pcapng"),
)
"""How a file of each type begins. WebP and office documents take a second look."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What files of one extension are: what they are served as, and the contents that such a name agrees with."""

    media_type: str
    contents: frozenset[str]

    @property
    def is_picture(self) -> bool:
        """Say whether pages show it; everything else is a link to be downloaded."""
        return self.media_type in PICTURE_TYPES


def _kind(media_type: str, *contents: str) -> Kind:
    return Kind(media_type, frozenset(contents or (media_type,)))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "png": _kind("image/png"),
        "jpg": _kind("image/jpeg"),
        "jpeg": _kind("image/jpeg"),
        "gif": _kind("image/gif"),
        "webp": _kind("image/webp"),
        "pdf": _kind("application/pdf"),
        "txt": _kind(_TEXT),
        "log": _kind(_TEXT),
        "csv": _kind("text/csv", _TEXT),
        "json": _kind("application/json", _TEXT),
        "xml": _kind(_TEXT),
        "zip": _kind(_ZIP, _ZIP, *_OFFICE.values()),
        "gz": _kind("application/gzip"),
        "pcap": _kind("application/vnd.tcpdump.pcap"),
        "pcapng": _kind("application/x-pcapng"),
        **{extension: _kind(media_type) for extension, media_type in _OFFICE.items()},
    }
)
"""Extension → what such a file is. XML is served as plain text, since as XML it could carry scripts."""
_USUAL = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "application/pdf": "pdf"}
"""The extension that a file without one gets: what is pasted has no name."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it is kept: its cleaned name, its content, and what that is."""

    name: str
    content: bytes
    content_type: str
    """By the content alone; what it is served as depends on its extension, see `served_as`."""


def content_type_of(content: bytes) -> str | None:
    """Return what a file is by its content alone: a media type of those in `KINDS`, `None` for anything else."""
    return _looked_at(content)[0]


def _looked_at(content: bytes) -> tuple[str | None, bytes]:
    """Return what a file is by its content, and what is kept of it: of a picture only what is shown."""
    if not content:
        return None, content
    found = next((media_type for start, media_type in _SIGNATURES if content.startswith(start)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = "image/webp"
    try:
        if found is None:
            decoded(content)
            return _TEXT, content
        if found in PICTURE_TYPES:
            return found, without_notes(found, content)
    except InvalidInput:
        return None, content
    return _archive_type(content) if found == _ZIP else found, content


def kind_of_name(name: str) -> Kind | None:
    """Return what a file of this name should be, `None` when such files are not taken."""
    return KINDS.get(_extension(name))


def served_as(name: str, content_type: str) -> Kind | None:
    """Return what content of this type is under this name, `None` when name and content do not agree."""
    kind = kind_of_name(name)
    return kind if kind is not None and content_type in kind.contents else None


def checked_type(name: str, content: bytes, most: int) -> str:
    """Return what a file is by its content, once its size, kind and name are as they must be.

    `most` is in bytes. Raises TooLarge, WrongKind for a kind that is not taken, InvalidInput for content that is not
    what its name says.
    """
    _check_size(content, most)
    kind = checked_kind(name)
    return _agreeing(name, kind, content_type_of(content))


def _check_size(content: bytes, most: int) -> None:
    if len(content) > most:
        raise too_large(len(content), most)
    if not content:
        raise InvalidInput("the file is empty", field="file")


def _agreeing(name: str, kind: Kind, content_type: str | None) -> str:
    if content_type is None or content_type not in kind.contents:
        told = f"by its content this is no .{_extension(name)}, or it is damaged; save it again"
        raise InvalidInput(told, field="file")
    return content_type


def checked_kind(name: str) -> Kind:
    """Return what a file of this name should be. Raises WrongKind when such files are not taken."""
    kind = kind_of_name(name)
    if kind is None:
        extension = _extension(name)
        told = f"files that end in .{extension}" if extension else "files without an ending"
        raise WrongKind(f"{told} are not taken; use one of {', '.join(KINDS)}", field="file")
    return kind


def too_large(size: int, most: int) -> TooLarge:
    """Return the error for a file of more than `most` bytes."""
    return TooLarge(f"the file has {megabytes(size)}, more than {megabytes(most)}", field="file")


def checked_upload(name: str, content: bytes, most: int) -> Upload:
    """Return a file that somebody sends as it is kept: named cleanly, a picture without what its camera noted.

    `most` is in bytes. A file without an ending gets that of the picture or PDF that it is. Raises as `checked_type`.
    """
    _check_size(content, most)
    cleaned = clean_name(name)
    if _extension(cleaned):
        checked_kind(cleaned)  # before its content is looked at, which costs more
    found, kept = _looked_at(content)
    if not _extension(cleaned):
        usual = _USUAL.get(found or "")
        cleaned = f"{cleaned}.{usual}" if usual else cleaned
    content_type = _agreeing(cleaned, checked_kind(cleaned), found)
    return Upload(cleaned, kept, content_type)


def clean_name(name: str) -> str:
    """Return the name of a file without its path and without whatever could mislead: letters, digits, `.`, `-`, `_`.

    Needs no quoting in Markdown, HTML, headers or on any file system. Applying it again changes nothing.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFKC", name))[-1]
    kept = re.sub(r"[^\w.-]+", "-", "".join(one for one in last if unicodedata.category(one)[0] != "C"))
    stem, dot, extension = kept.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", extension):
        stem, extension = kept, ""
    stem = re.sub(r"-{2,}", "-", stem.replace(".", "-"))
    room = LONGEST_NAME - len(extension) - 1
    stem = stem.strip("-_")[:room].strip("-_") or "file"
    stem = f"file-{stem}"[:room].strip("-_") if _RESERVED.match(stem) else stem
    return f"{stem}.{extension.lower()}" if extension else stem


def site_path(sha256: str, name: str) -> str:
    """Return how an article of the site names a file: `files/9f86d081884c7d65-login.png`."""
    return f"{FOLDER}/{sha256[:PREFIX]}-{name}"


_SITE_PATH = re.compile(rf"(?:\./)?{FOLDER}/([0-9a-f]{{{PREFIX}}})-([^/]+)")


def prefix_of(path: str) -> str | None:
    """Return the beginning of the sha256 that a path of `site_path` tells, `None` for any other path."""
    found = _SITE_PATH.fullmatch(path)
    return found[1] if found else None


def shown_name(path: str) -> str:
    """Return what the file at a path is called: its name, without what makes the paths of the site's files unique."""
    found = _SITE_PATH.fullmatch(path)
    return found[2] if found else path.rsplit("/", 1)[-1]


def markdown_for(sha256: str, name: str) -> str:
    """Return what an article says to show a picture, or to lead to any other file."""
    kind = kind_of_name(name)
    mark = "!" if kind is not None and kind.is_picture else ""
    return f"{mark}[{name}]({site_path(sha256, name)})"


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return extension.casefold() if dot and stem else ""


def _archive_type(content: bytes) -> str | None:
    """Return whether an archive is an office document, by the names in it; nothing is unpacked."""
    archive = archive_of(content)
    if archive is None:
        return None
    if archive.mimetype in _OFFICE.values():
        return archive.mimetype
    if "[Content_Types].xml" not in archive.names:
        return _ZIP
    found = (_OFFICE[extension] for part, extension in _OFFICE_PARTS.items() if part in archive.names)
    return next(found, _ZIP)
