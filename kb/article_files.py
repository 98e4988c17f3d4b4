"""Read the Markdown files of a folder as articles. Nothing in a file can stop the reading of the others."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.documents import Article
from kb.errors import InvalidInput, NotFound
from kb.front_matter import parse_article
from kb.problems import Problem, problem_of

MAX_FILE_BYTES = 20 * 1024 * 1024
SUFFIX = ".md"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; those of UTF-32 first, because one begins like UTF-16."""
FALLBACK_ENCODING = "cp1252"
"""Windows-1252, which Western European editors wrote before UTF-8."""


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The Markdown files below a folder, and what could not be looked at.

    `paths` hold `/` and are sorted by code point. The `source` of a problem about a folder ends in `/`.
    """

    paths: Sequence[str]
    problems: Sequence[Problem]


def list_folder(directory: Path) -> FolderListing:
    """Return the Markdown files below `directory`.

    Names that begin with a dot are skipped, links are followed to files inside the folder alone. Raises NotFound when
    there is no such folder, InvalidInput when it is a file or may not be read.
    """
    if not directory.exists():
        raise NotFound(f"folder {directory} does not exist; check the path")
    if not directory.is_dir():
        raise InvalidInput(f"{directory} is not a folder; name the folder that holds the articles")
    root = directory.resolve()
    paths: list[str] = []
    problems: list[Problem] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError as error:
            if not folder:
                raise InvalidInput(f"folder {directory} cannot be read: {error.strerror}; check its rights") from error
            problems.append(Problem(folder, None, f"the folder cannot be read: {error.strerror}; check its rights"))
            continue
        for entry in entries:
            path = f"{folder}{entry.name}"
            if entry.name.startswith("."):
                continue
            if not _is_text(path):
                shown = path.encode("utf-8", "backslashreplace").decode()
                problems.append(Problem(shown, None, "the file's name is not UTF-8; rename it"))
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(f"{path}/")
            elif entry.name.casefold().endswith(SUFFIX):
                if problem := _unusable(entry, root, path):
                    problems.append(problem)
                elif entry.is_file():
                    paths.append(path)
    return FolderListing(sorted(paths), sorted(problems, key=str))


def read_folder(
    directory: Path, source: str, detect: Callable[[str], str], max_bytes: int = MAX_FILE_BYTES
) -> Iterator[Article | Problem]:
    """Read every Markdown file below `directory`, in the order of their paths.

    Problems about the folder come first, warnings about a file before its article. Of two files that claim one id the
    later one is a problem that names both. Raises what `list_folder` raises, and nothing because of what a file holds.
    """
    listing = list_folder(directory)
    yield from listing.problems
    yield from read_files(directory, listing.paths, source, detect, max_bytes)


def read_files(
    directory: Path, paths: Sequence[str], source: str, detect: Callable[[str], str], max_bytes: int = MAX_FILE_BYTES
) -> Iterator[Article | Problem]:
    """Read the files that `list_folder` found, as `read_folder` does."""
    first: dict[str, str] = {}
    for path in paths:
        for found in _read_file(directory, path, source, detect, max_bytes):
            if isinstance(found, Article) and found.id in first:
                other = first[found.id]
                yield Problem(path, None, f"id {found.id!r} is taken by {other}; give one of them another id")
                continue
            if isinstance(found, Article):
                first[found.id] = path
            yield found


def decoded(content: bytes) -> tuple[str, int | None]:
    """Return the text of a file and, where Windows-1252 had to be assumed, the first line that is no UTF-8.

    UTF-8 with or without mark, UTF-16 and UTF-32 with one. Raises InvalidInput for anything else.
    """
    mark, encoding = next((known for known in _MARKS if content.startswith(known[0])), (b"", "utf-8"))
    content = content.removeprefix(mark)
    if encoding == "utf-8" and b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise InvalidInput("this is no text (it holds NUL bytes); save it as UTF-8", line=line)
    try:
        return content.decode(encoding), None
    except UnicodeDecodeError as error:
        line = content[: error.start].decode(encoding, "replace").count("\n") + 1
        if mark:
            raise InvalidInput(f"this is not valid {encoding.upper()}; save it as UTF-8", line=line) from error
    try:
        return content.decode(FALLBACK_ENCODING), line
    except UnicodeDecodeError as error:
        raise InvalidInput("this is neither UTF-8 nor Windows-1252; save it as UTF-8", line=line) from error


def megabytes(size: int) -> str:
    """Return a size for a message, in MiB."""
    return f"{size / 1024 / 1024:.1f} MiB"


def _read_file(
    directory: Path, path: str, source: str, detect: Callable[[str], str], max_bytes: int
) -> Iterator[Article | Problem]:
    try:
        with (directory / path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read() if size <= max_bytes else b""
    except OSError as error:
        yield Problem(path, None, f"the file cannot be read: {error.strerror}; check its rights")
        return
    if max(size, len(content)) > max_bytes:
        yield Problem(path, None, f"the file has {megabytes(size)}, more than {megabytes(max_bytes)}; split it")
        return
    try:
        text, guessed = decoded(content)
        if not text.lstrip("\ufeff").strip():
            raise InvalidInput("the file is empty; write something or remove it")
        article, warnings = parse_article(text, path=path, source=source, detect=detect)
    except InvalidInput as error:
        yield problem_of(error, path)
        return
    if guessed is not None:
        message = "this is not UTF-8 and was read as Windows-1252; save it as UTF-8"
        yield Problem(path, guessed, message, is_error=False)
    for warning in warnings:
        yield Problem(path, None, warning, is_error=False)
    yield article


def _unusable(entry: os.DirEntry[str], root: Path, path: str) -> Problem | None:
    """Say why a link is not followed."""
    if not entry.is_symlink():
        return None
    try:
        target = Path(entry.path).resolve(strict=True)
        is_file = stat.S_ISREG(target.stat().st_mode)
    except (OSError, RuntimeError):
        return Problem(path, None, "the link leads nowhere; mend or remove it")
    if not is_file:
        return None
    if not target.is_relative_to(root):
        return Problem(path, None, "the link leads out of the folder and is not followed; put the file here")
    return None


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
