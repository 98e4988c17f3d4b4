"""Return the text that an article of a kind begins with: the shipped one, or the organisation's own file.

`HOME/templates/KIND.LANG.md` stands in for `kb/templates/KIND.LANG.md`. What a template says to its author stands in
HTML comments: it is shown in the editor alone, is indexed nowhere and does not count as written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kb.documents import KINDS, Article
from kb.errors import FixloreError, InvalidInput
from kb.front_matter import parse_article
from kb.post_mortem_sections import is_german

FOLDER = "templates"
SHIPPED = Path(__file__).parent / FOLDER
SHIPPED_LANGUAGES = ("en", "de")
LARGEST = 200_000
"""Bytes: a hundred times a usual template."""


@dataclass(frozen=True, slots=True)
class Template:
    """What an article begins with: its text, and the fields that its front matter sets, as an article.

    `path` is the organisation's own file, `None` for the shipped one. `problem` says why an own file is not used.
    """

    article: Article
    path: Path | None = None
    problem: str = ""


def template_for(home: Path, kind: str, language: str) -> Template:
    """Return the template of a kind: the own file of the language, or of its first part, else the shipped one.

    Raises InvalidInput for an unknown kind.
    """
    shipped = parsed(shipped_text(kind, language), kind, language)
    path = own_path(home, kind, language)
    if path is None:
        return Template(shipped)
    try:
        return Template(parsed(own_text(path), kind, language), path)
    except FixloreError as error:
        return Template(shipped, problem=f"{path.name} cannot be used: {error}; the shipped template stands in for it")


def shipped_text(kind: str, language: str) -> str:
    """Return the shipped template, in English but for German. Raises InvalidInput for an unknown kind."""
    if kind not in KINDS:
        raise InvalidInput(f"kind {kind!r} is unknown; use one of {', '.join(KINDS)}", field="kind")
    return (SHIPPED / f"{kind}.{'de' if is_german(language) else 'en'}.md").read_text(encoding="utf-8")


def own_path(home: Path, kind: str, language: str) -> Path | None:
    """Return the organisation's own template of a kind and language, `None` without one."""
    codes = dict.fromkeys((language.casefold(), language.casefold().partition("-")[0] or "en"))
    if any(not code.replace("-", "").isalnum() for code in codes):
        return None
    found = (home / FOLDER / f"{kind}.{code}.md" for code in codes)
    return next((path for path in found if path.is_file()), None)


def own_paths(home: Path) -> list[tuple[str, str, Path]]:
    """Return kind, language and path of every own template, by name; files with other names are none."""
    found = []
    for path in sorted((home / FOLDER).glob("*.md")) if (home / FOLDER).is_dir() else ():
        kind, _, language = path.stem.partition(".")
        if kind in KINDS and language:
            found.append((kind, language, path))
    return found


def own_text(path: Path) -> str:
    """Return the text of an own template. Raises InvalidInput when it cannot be read as one."""
    try:
        read = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"it cannot be read ({error.strerror})") from error
    if len(read) > LARGEST:
        raise InvalidInput(f"it is larger than {LARGEST:,} bytes")
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("it is no UTF-8 text") from error


def parsed(text: str, kind: str, language: str) -> Article:
    """Return a template as an article. Raises InvalidInput for front matter that no article could have."""
    article, _ = parse_article(text, path=f"{kind}.md", source="site", detect=lambda _: language)
    return article
