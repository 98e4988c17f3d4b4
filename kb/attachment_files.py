"""Take in the files below a folder that its articles name. Nothing in a file can stop the reading of an article."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from kb.article_files import SUFFIX
from kb.attachment_references import place_of, relative_paths, without_code
from kb.attachments import checked_kind, checked_type, kind_of_name, too_large
from kb.documents import Article
from kb.errors import InvalidInput
from kb.problems import Problem
from kb.protocols.attachments import AttachmentStore

_MOST_NAMED = 3


class FolderAttachments:
    """The files below one folder, each of which is read once for all articles that name it.

    `most` is how many bytes one may have. Files whose name, or that of a folder on the way, begins with a dot are not
    there, nor is anything outside of the folder, even by a link.
    """

    def __init__(self, directory: Path, store: AttachmentStore, most: int):
        self._root = directory.resolve()
        self._store = store
        self._most = most
        self._known: dict[str, str | None] = {}

    def attached(
        self, article: Article, file: str, told: Mapping[str, str | None] | None = None
    ) -> Iterator[Article | Problem]:
        """Yield what is wrong with the files that an article names, then the article with those that are attached.

        `file` is where the article lies below the folder. `told` are paths of which the sha256 is known, or known that
        they lead to none.
        """
        found: dict[str, str] = {}
        missing: list[str] = []
        told = told or {}
        shown = frozenset(relative_paths(without_code(article.body)))
        for path in relative_paths(article.body):
            if path in told:
                continue
            place, kind = place_of(file, path), kind_of_name(path)
            try:
                sha256 = None if place is None else self._taken(place)
            except InvalidInput as error:
                if kind is None and path not in shown:
                    continue
                # What no article could hold may still be worth a link, to those who have the folder.
                yield Problem(place, None, f"{error.args[0]}; {file} goes in without it", kind is not None)
                continue
            if sha256 is not None:
                found[path] = sha256
            elif place not in self._known and kind is not None and kind.is_picture and path in shown:
                missing.append(path)
        if missing:
            yield Problem(file, None, _told_missing(missing), is_error=False)
        found.update({path: sha256 for path, sha256 in told.items() if sha256 is not None})
        yield replace(article, attachments=MappingProxyType(found)) if found else article

    def _taken(self, place: str) -> str | None:
        """Store the file at a place below the folder and return its sha256, `None` when there is none.

        Raises InvalidInput for a file that cannot be attached, the first time that it is asked for.
        """
        if place in self._known:
            return self._known[place]
        if any(part.startswith(".") for part in place.split("/")) or place.casefold().endswith(SUFFIX):
            return None
        try:
            real = (self._root / place).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        self._known[place] = None
        if not real.is_relative_to(self._root):
            raise InvalidInput("the link leads out of the folder and is not followed; put the file here")
        if not real.is_file():
            return None
        checked_kind(place)
        content = self._content(real)
        content_type = checked_type(place, content, self._most)
        self._known[place] = self._store.put_attachment(content, content_type, None).sha256
        return self._known[place]

    def _content(self, real: Path) -> bytes:
        try:
            with real.open("rb") as opened:
                size = real.stat().st_size
                content = opened.read() if size <= self._most else b""
        except OSError as error:
            raise InvalidInput(f"the file cannot be read: {error.strerror}; check its rights") from error
        if size > self._most:
            raise too_large(size, self._most)
        return content


def _told_missing(paths: list[str]) -> str:
    named = ", ".join(paths[:_MOST_NAMED])
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return f"no such picture in the folder: {named}{more}; put it there, or correct the path"
