"""Shapes: is this one token an identifier, and what is its canonical value?

Only the token itself is looked at; what its neighbours say ("Event ID 4625") is `kb.analysis.cues`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

from kb.analysis.folding import fold
from kb.analysis.lists import word_list

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TERM = 100
"""Characters; longer tokens are no terms of their own: nobody types them, and they would fill the index."""


class Found(NamedTuple):
    """An identifier within a token; `start` and `end` count from the beginning of the token."""

    value: str
    kind: str
    start: int
    end: int


class Shape(NamedTuple):
    """A token that is more than a plain word.

    `whole` is its canonical form ("" when it is worth no term), `parts` says whether its parts are terms as well.
    """

    whole: str
    parts: bool
    found: tuple[Found, ...] = ()


_HEX = re.compile(r"0[xX]([0-9A-Fa-f]{1,16})")
_BARE_HRESULT = re.compile(r"[8Cc](?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]{7}")
_NEGATIVE = re.compile(r"-\d{9,10}")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ISO_TIME = re.compile(r"((?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01]))(?:[T_.-]?\d\d[:.\dZ+-]*)?")
_DATE = re.compile(r"(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|[12]\d|3[01])[./-](?:19|20)\d\d")
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_IPV4 = re.compile(r"((?:\d{1,3}\.){3}\d{1,3})(?::\d{1,5}|/\d{1,2})?")
_IPV6 = re.compile(r"(?=[^:]*:[^:]*:)(?=\D*\d)([0-9A-Fa-f:.]{3,45})(?:%\w{1,15}|/\d{1,3})?")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_VERSION = re.compile(
    r"[vV]?(\d{1,6}(?:\.\d{1,6}){2,4}(?:[-+_.]?(?:p|rc|beta|alpha|sp|cu|el|dev|ga|snapshot|final|[a-z])[\w.]{0,12})?"
    r"|(?<=[vV])\d{1,6}\.\d{1,6}"
    r"|\d{1,6}\.\d{1,6}-?(?:p|rc|beta|alpha|sp|cu)\d{1,3})",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://(?:[^/@\s]{1,64}@)?|(?=www\.))([\w.-]{1,253})(?::\d{1,5})?(?:[/?#].*)?")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_WINDOWS_PATH = re.compile(
    r"(?:[A-Za-z]:[\\/]{1,2}(?!/)|\\\\[\w.$?-]+\\|%\w+%\\|HK(?:LM|CU|CR|U|EY_\w+):?\\)[^*?\"<>|]*|[\w.$-]+(?:\\[\w.$-]+){2,}",
    re.IGNORECASE,
)
_UNIX_PATH = re.compile(r"(?:~\w*|\.{1,2})?(?:/[\w.@%+:=$-]+){2,}/?|~/[\w.@%+:=$-]+|/[\w.@%+-]*\w\.([A-Za-z0-9]{1,9})")
_RELATIVE_PATH = re.compile(r"\.{0,2}/?[\w.@$-]+(?:/[\w.@%+$-]+)+\.([A-Za-z0-9]{1,9})")
_FILE = re.compile(r"\.?[\w-]+(?:\.[\w-]+)*\.([A-Za-z0-9]{1,9})")
_CVE = re.compile(r"CVE-((?:19|20)\d\d-\d{4,7})", re.IGNORECASE)
_KB = re.compile(r"KB-?(\d{5,8})", re.IGNORECASE)
_UPPER_CODE = re.compile(r"(?=(?:\D*\d){3})[A-Z][A-Z0-9_]{1,15}(?:-[A-Z0-9_]{1,24}){1,4}")
_ANY_CODE = re.compile(r"([A-Za-z]{2,10})-(\d{3,7})")
_NUMBERED = re.compile(r"[A-Z]{2,10}\d{3,10}|[A-Za-z]{2,10}(?!(?:19|20)\d\d$)\d{4,10}")
_MACHINE = re.compile(r"[A-Z]{2,8}-[A-Z]{2,8}\d{2,3}")
_CMDLET = re.compile(
    r"(?:Add|Clear|Connect|Convert|Copy|Disable|Disconnect|Enable|Export|Find|Format|Get|Import|Install|Invoke|Move|New|"
    r"Register|Remove|Repair|Reset|Resolve|Restart|Resume|Search|Send|Set|Start|Stop|Sync|Test|Uninstall|Update|Wait)"
    r"-[A-Z][A-Za-z0-9]{3,40}"
)
_SNAKE = re.compile(r"(?=.{6})(?=\d*[A-Za-z])[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+")
_ERROR_SNAKE = re.compile(r"(?:^|_)(?:err|error|fail|failed|failure|exception|fatal|denied|invalid|timeout)(?:_|$)")
_EXCEPTION = re.compile(r"(?:[\w$]+[.$])*([A-Za-z_]\w{2,}(?:[eE]xception|Error|Fault|(?<=[a-z]{3})error))")
_DOTTED = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)+")
_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")

_ADDRESS_DIGITS = 9
_PACKAGE_ROOTS = frozenset({"com", "org", "net", "java", "javax", "system"})
_WIN32_HRESULTS = range(0x80070000, 0x80080000)


def recognise(token: str) -> Shape | None:
    """Return the shape of a token without surrounding punctuation, or None when it is a plain word or several."""
    return next((shape for rule in _RULES if (shape := rule(token)) is not None), None)


def hresult(number: int) -> str | None:
    """Return the canonical form of a signed or unsigned decimal that can only be an HRESULT or NTSTATUS, else None.

    Signed: the top hex digit of its 32 bits is 8 or C. Unsigned: a Win32 error wrapped in an HRESULT (0x8007....).
    """
    bits = number + 0x1_0000_0000 if number < 0 else number
    if number < 0 and bits >> 28 in (0x8, 0xC):
        return f"0x{bits:08x}"
    return f"0x{bits:08x}" if bits in _WIN32_HRESULTS else None


def _number(token: str) -> Shape | None:
    if not (match := _HEX.fullmatch(token)):
        if _BARE_HRESULT.fullmatch(token):
            return _whole("0x" + token.lower(), "error_code", token)
        code = hresult(int(token)) if _NEGATIVE.fullmatch(token) or (token.isdecimal() and len(token) == 10) else None
        return _whole(code, "error_code", token) if code else None
    digits = match[1].lower().lstrip("0") or "0"
    if len(digits) == 16 and digits.startswith("ffffffff") and digits[8] in "8c":
        digits = digits[8:]  # the same code, extended to 64 bits with its sign
    if len(digits) >= _ADDRESS_DIGITS or len(match[1]) == 16:
        return Shape("", parts=False)  # an address: another one in every run
    return _whole(f"0x{digits.zfill(8)}", "error_code", token)


def _guid(token: str) -> Shape | None:
    return _whole(token.lower(), "guid", token) if _GUID.fullmatch(token) else None


def _time(token: str) -> Shape | None:
    if match := _ISO_TIME.fullmatch(token):
        return Shape(re.sub("[/.]", "-", match[1]), parts=False)
    if _DATE.fullmatch(token):
        return Shape(token, parts=False)
    return Shape("", parts=False) if _CLOCK.fullmatch(token) else None


def _ip(token: str) -> Shape | None:
    if match := _IPV4.fullmatch(token):
        # An octet above 255 makes it a version with four parts.
        fits = all(int(octet) < 256 for octet in match[1].split("."))
        return _whole(match[1], "ip" if fits else "version", match[1])
    if _MAC.fullmatch(token):
        return Shape(token.lower().replace("-", ":"), parts=False)
    if match := _IPV6.fullmatch(token):
        try:
            return _whole(str(ipaddress.IPv6Address(match[1])), "ip", match[1])
        except ValueError:
            return None
    return None


def _version(token: str) -> Shape | None:
    match = _VERSION.fullmatch(token)
    return _whole(match[1].lower(), "version", token) if match else None


def _url(token: str) -> Shape | None:
    if not (match := _URL.fullmatch(token)):
        return None
    name = match[1].lower().strip(".")
    found = (Found(name, "host", *match.span(1)),) if _is_host(name) else ()
    return Shape(fold(token), parts=True, found=found)


def _email(token: str) -> Shape | None:
    # Found as a word, but no identifier: signatures would make tickets of one person look like one problem.
    return Shape(fold(token), parts=True) if _EMAIL.fullmatch(token) else None


def _path(token: str) -> Shape | None:
    if "\\" in token or token[1:2] == ":":
        matched = _WINDOWS_PATH.fullmatch(token) is not None
    elif "/" in token:
        match = _UNIX_PATH.fullmatch(token) or _RELATIVE_PATH.fullmatch(token)
        matched = match is not None and (match.lastindex is None or _ends_a_file(match[match.lastindex]))
    else:
        match = _FILE.fullmatch(token)
        if match is None or not _ends_a_file(match[1]) or fold(token) in word_list("product_names"):
            return None
        return _whole(fold(token), "path", token, parts=True)
    if not matched:
        return None
    value = re.sub("/+", "/", fold(token).replace("\\", "/")).rstrip("/.:")
    found = [Found(value, "path", 0, len(token))]
    name = re.split(r"[\\/]", token)[-1]
    if (match := _FILE.fullmatch(name)) and _ends_a_file(match[1]):
        found.append(Found(fold(name), "path", len(token) - len(name), len(token)))
    return Shape(value, parts=True, found=tuple(found))


def _code(token: str) -> Shape | None:
    if match := _CVE.fullmatch(token):
        return _whole("cve-" + match[1], "cve", token)
    if match := _KB.fullmatch(token):
        return _whole("kb" + match[1], "kb", token)
    if _MACHINE.fullmatch(token):
        return _whole(token.lower(), "host", token, parts=True)
    if _CMDLET.fullmatch(token):
        return _whole(token.lower(), "code", token, parts=True)
    if _UPPER_CODE.fullmatch(token) or _NUMBERED.fullmatch(token):
        return _whole(token.lower(), "code", token)
    if (match := _ANY_CODE.fullmatch(token)) and match[1].lower() not in CUE_PREFIXES:
        return _whole(token.lower(), "code", token)
    return None


def _name(token: str) -> Shape | None:
    folded = fold(token)
    if folded in word_list("code_names"):
        return _whole(folded, "error_code", token, parts=True)
    if _SNAKE.fullmatch(token):
        return _whole(folded, "error_code" if _ERROR_SNAKE.search(folded) else "code", token, parts=True)
    if match := _EXCEPTION.fullmatch(token):
        return Shape(folded, parts=True, found=(Found(fold(match[1]), "exception", *match.span(1)),))
    return None


def _dotted(token: str) -> Shape | None:
    folded = fold(token)
    if _is_host(folded):
        return _whole(folded, "host", token, parts=True)
    if not _DOTTED.fullmatch(token):
        return None
    segments = folded.split(".")
    if all(len(segment) == 1 for segment in segments):
        return Shape("".join(segments), parts=False)  # "e.g", "z.B", "U.S.A"
    return Shape(folded, parts=True)


def _is_host(name: str) -> bool:
    if name in word_list("product_names") or not _HOST.fullmatch(name):
        return False
    labels = name.split(".")
    # A name that begins like a top-level domain is a Java or .NET package ("com.example.Main").
    return labels[-1] in word_list("top_level_domains") and labels[0] not in _PACKAGE_ROOTS


def _ends_a_file(ending: str) -> bool:
    return ending.lower() in word_list("file_extensions")


def _whole(value: str, kind: str, token: str, *, parts: bool = False) -> Shape:
    return Shape(value, parts, (Found(value, kind, 0, len(token)),))


CUE_PREFIXES = frozenset({"error", "errors", "fehler", "event", "ereignis", "code", "http", "status", "err", "id"})

_RULES: tuple[Callable[[str], Shape | None], ...] = (
    _number, _guid, _time, _ip, _version, _url, _email, _path, _code, _name, _dotted,
)  # fmt: skip
