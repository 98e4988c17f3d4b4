"""Places: web and mail addresses, hosts, paths and files."""

from __future__ import annotations

import re

from kb.analysis.folding import fold
from kb.analysis.lists import word_list
from kb.analysis.shape import Found, Shape, whole_shape

_URL = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://(?:[^/@\s]{1,64}@)?|(?=www\.))([\w.-]{1,253})(?::\d{1,5})?(?:[/?#].*)?",
    re.DOTALL,
)
_NUMERIC = re.compile(r"[\d.]+")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_WINDOWS_PATH = re.compile(
    r"(?:[A-Za-z]:[\\/]{1,2}(?!/)|\\\\[\w.$?-]+\\|%\w+%\\|HK(?:LM|CU|CR|U|EY_\w+):?\\)[^*?\"<>|:]*"
    r"|[\w.$-]+(?:\\[\w.$-]+){2,}",
    re.IGNORECASE,
)
_UNIX_PATH = re.compile(r"(?:~\w*|\.{1,2})?(?:/[\w.@%+=$-]+){2,}/?|~/[\w.@%+=$-]+|/[\w.@%+-]*\w\.([A-Za-z0-9]{1,9})")
_RELATIVE_PATH = re.compile(r"\.{0,2}/?[\w.@$-]+(?:/[\w.@%+$-]+)+\.([A-Za-z0-9]{1,9})")
_FILE = re.compile(r"\.?[\w-]+(?:\.[\w-]+)*\.([A-Za-z0-9]{1,9})")
_CODE_IN_NAME = re.compile(
    r"(?<![0-9a-z])(?:0x[0-9a-f]{8}|kb\d{6,7}|cve-(?:19|20)\d\d-\d{4,7})(?![0-9a-z])", re.IGNORECASE
)
_DOTTED = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)+")
_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")

# A name that begins so is a package of Java or .NET ("com.example.Main").
_PACKAGE_ROOTS = frozenset({"com", "org", "net", "java", "javax", "system"})


def url_shape(token: str) -> Shape | None:
    """Know a web address: its host is the identifier, together with a code that its path names."""
    match = _URL.fullmatch(token)
    if match is None:
        return None
    name = match[1].lower().strip(".").removeprefix("www.")
    kind = "ip" if _NUMERIC.fullmatch(name) else "host"
    host = (Found(name, kind, *match.span(1)),) if "." in name else ()
    return Shape(fold(token), parts=True, found=host + _codes_in(token))


def email_shape(token: str) -> Shape | None:
    """Know a mail address: words, but no identifier, or tickets with one person's signature would look alike."""
    return Shape(fold(token), parts=True) if _EMAIL.fullmatch(token) else None


def path_shape(token: str) -> Shape | None:
    """Know paths of Windows, its registry and Unix, and file names; a path also yields the name of its file.

    The value has "/" between folders, whatever was written.
    """
    if "\\" in token or token[1:2] == ":":
        if not _WINDOWS_PATH.fullmatch(token):
            return None
    elif "/" in token:
        match = _UNIX_PATH.fullmatch(token) or _RELATIVE_PATH.fullmatch(token)
        if match is None or (match.lastindex and not _ends_a_file(match[match.lastindex])):
            return None
    else:
        return _file_shape(token)
    path = token.rstrip("\\/. ")
    value = re.sub("/+", "/", fold(path).replace("\\", "/"))
    name = re.split(r"[\\/]", path)[-1]
    match = _FILE.fullmatch(name)
    file = (Found(fold(name), "path", len(path) - len(name), len(path)),) if match and _ends_a_file(match[1]) else ()
    return Shape(value, parts=True, found=(Found(value, "path", 0, len(path)), *file, *_codes_in(path)))


def dotted_shape(token: str) -> Shape | None:
    """Know hosts, abbreviations ("z.B", written together as a term) and other dotted names ("Ti.UI.Window")."""
    folded = fold(token)
    if is_host(token):
        return whole_shape(folded, "host", len(token), parts=True)
    if not _DOTTED.fullmatch(token):
        return None
    segments = folded.split(".")
    if all(len(segment) == 1 for segment in segments):
        return Shape("".join(segments), parts=False)
    return Shape(folded, parts=True)


def is_host(name: str) -> bool:
    """Say whether a dotted name is a host: it is written like one and its last label is a known domain.

    Names in code ("Ti.App", "metadata.name") and sentences without a space ("fixed.It") look much alike. So the domain
    is in small letters, unless all of the name is in capitals; and domains that are words as well count only below two
    further labels, all in small letters.
    """
    if not _HOST.fullmatch(name) or fold(name) in word_list("product_names"):
        return False
    labels = name.lower().split(".")
    if labels[0] in _PACKAGE_ROOTS or not (name.endswith(labels[-1]) or name.isupper()):
        return False
    if labels[-1] in word_list("wordlike_domains"):
        return len(labels) > 2 and (name.islower() or name.isupper())
    return labels[-1] in word_list("top_level_domains")


def _file_shape(name: str) -> Shape | None:
    match = _FILE.fullmatch(name)
    if match is None or not _ends_a_file(match[1]) or fold(name) in word_list("product_names"):
        return None
    value = fold(name)
    return Shape(value, parts=True, found=(Found(value, "path", 0, len(name)), *_codes_in(name)))


def _ends_a_file(ending: str) -> bool:
    return ending.lower() in word_list("file_extensions")


def _codes_in(token: str) -> tuple[Found, ...]:
    """Return the codes that the name of a page or file mentions ("error-0x8004dec5.md")."""
    return tuple(
        Found(
            match.group().lower(),
            {"0": "error_code", "k": "kb", "c": "cve"}[match.group()[0].lower()],
            *match.span(),
        )
        for match in _CODE_IN_NAME.finditer(token)
    )
