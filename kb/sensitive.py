"""Point out what should perhaps not be written down: likely secrets and personal data in a text. Pure.

It is pointed out before saving, keeps nobody from it, and is logged nowhere. A hint holds place and kind, never the
text itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "private_key", "token", "password", "connection_string", "jwt", "email", "phone", "iban"
]  # fmt: skip
SECRETS: tuple[Kind, ...] = ("private_key", "token", "password", "connection_string", "jwt")
MOST = 50
"""Hints of one text; whoever has more knows that it needs a look."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One likely secret or piece of personal data: what it is, where (code points), and on which line from 1."""

    kind: Kind
    start: int
    end: int
    line: int
    field: str = "body"
    """In which text of an article it stands."""

    @property
    def is_secret(self) -> bool:
        """Say whether it opens something, rather than tells of a person."""
        return self.kind in SECRETS


_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:.{0,8000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY"
    r"(?: BLOCK)?-----)?",
    re.DOTALL,
)
_JWT = re.compile(r"\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,2000}")
_TOKEN = re.compile(
    r"\b(?:A(?:KIA|SIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}|glpat-[\w-]{20,64}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,250}|AIza[\w-]{35}|(?:sk|rk)_live_[A-Za-z0-9]{16,99}|sk-(?:ant-|proj-)?[\w-]{32,200}"
    r"|npm_[A-Za-z0-9]{36}|pypi-AgEI[\w-]{50,300}|SG\.[\w-]{22}\.[\w-]{43}|hvs\.[\w-]{24,200}|dop_v1_[0-9a-f]{64})"
    r"|\b(?i:bearer|basic) (?=[\w+/.~-]{0,200}\d)[\w+/.~-]{16,2000}={0,2}",
)
_CONNECTION = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>\"']{1,80}:(?P<value>[^\s/@<>\"']{1,200})@[\w.-]+"
    r"|\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=(?P<key>[\w+/%=&-]{16,500})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    r"(?<![A-Za-z0-9])(?:[\w.-]{0,30}[_.-])?(?:password|passwd|passwort|kennwort|passphrase|pwd|secret|client[_-]?secret"
    r"|api[_-]?key|access[_-]?key|secret[_-]?key|auth[_-]?token|access[_-]?token|refresh[_-]?token|token|pin)"
    r"[\"']?(?P<mark>[ \t]{0,3}(?:=>|:=|=|:)[ \t]{0,3}|[ \t](?:is|ist|lautet)[ \t])(?P<quote>[\"'`]?)"
    r"(?P<value>[^\s\"'`,;]{3,200})",
    re.IGNORECASE,
)
_PASSWORD_BESIDE = re.compile(
    r"(?<![\w-])(?:password|passwd|passwort|kennwort|passphrase|pwd)[ \t]{1,3}(?P<value>(?=\S{8,64}(?:\s|$))"
    r"[A-Za-zÄÖÜäöüß]{4,}\d{2,}\S{0,8}?)[.,;:!?)]*(?=\s|$)",
    re.IGNORECASE,
)
"""A word and a number in one, right behind: `Passwort Sommer2024`."""
_PASSWORD_OPTION = re.compile(
    r"\b(?:mysql\w*|mariadb[\w-]*|sshpass)\b(?:[ \t]+[^\s|;]{1,80}){0,8}?[ \t]+-p(?P<value>[^\s\"'`]{6,200})"
    r"|\b(?:curl|wget)\b(?:[ \t]+[^\s|;]{1,200}){0,8}?[ \t]+(?:-u[ \t]*|--user[ =])[\"']?[^\s:\"'<$]{1,80}:"
    r"(?P<secret>[^\s\"'`]{4,200})"
)
"""What stands in a command line as `-pSECRET` or `-u NAME:SECRET`."""
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_DOCUMENTED = re.compile(
    r"^git@.*|.*@(?:[\w-]+\.)*(?:example\.(?:com|net|org|edu)|(?:contoso|fabrikam)\.com"
    r"|\w+\.(?:example|test|invalid|localhost)|(?:example|test|invalid))$",
    re.IGNORECASE,
)
"""RFC 2606: names that belong to nobody, those of Microsoft's documentation, and the account of every Git server."""
_PHONE = re.compile(
    r"(?<![\w.,:/@+-])(?:\+\d{1,3}[ ./-]?(?:\(0?\d{0,4}\)[ ./-]?)?|00[1-9]\d{0,2}[ /-]|\(0\d{1,5}\)[ /-]?"
    r"|0[1-9]\d{1,4}(?: ?[/-] ?| ))"
    r"\d(?:[ /-]?\d){5,11}(?![\w:]|[.,]\d|[./-]\d)"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_PLACEHOLDER = re.compile(
    r"[<\[{(%$*•.…#].*|x{3,}|\*+|(?:null|none|nil|true|false|yes|no|undefined|empty|leer|required|optional|string|str|text"
    r"|value|changeme|redacted|removed|hidden|secret|password|passwort|kennwort|your\w*|my\w*|example\w*|beispiel\w*"
    r"|os\.\w+.*|env\b.*|process\.env.*|getenv.*|file:.*|vault:.*|ref\+.*|_+|-+|\S*(?:…|\.\.\.))[.,;:)\]]*",
    re.IGNORECASE,
)
_TELLING = re.compile(r"(?=.*(?:\d|[^\w.…/-]))\S{6,}")
_CALL = re.compile(r"[A-Z][a-z]+-[A-Z]\w+|[\w.]+\(.*")
_MASKED = re.compile(r"[xX*•]{4,}")
"""A value behind a colon or a verb that no sentence goes on with: it has a digit or a sign, and some length."""
_COUNTRY_LENGTHS = {"AT": 20, "BE": 16, "CH": 21, "DE": 22, "DK": 18, "ES": 24, "FR": 27, "GB": 22, "IT": 27, "LU": 20,
                    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "SE": 24}  # fmt: skip
"""Of an IBAN (ISO 13616); those of other countries are told by their check digits alone."""


def hints_in(text: str) -> tuple[Hint, ...]:
    """Return what looks like a secret or like personal data, in order, none within another; at most `MOST`."""
    spans = sorted(_spans(text), key=lambda one: (one[0], -one[1]))
    found: list[Hint] = []
    line, counted = 1, 0
    for start, end, kind in spans:
        if found and start < found[-1].end:
            continue
        line += text.count("\n", counted, start)
        counted = start
        found.append(Hint(kind, start, end, line))
        if len(found) == MOST:
            break
    return tuple(found)


def _spans(text: str) -> Iterator[tuple[int, int, Kind]]:
    simple: tuple[tuple[re.Pattern[str], Kind, Callable[[re.Match[str]], bool]], ...] = (
        (_KEY, "private_key", lambda _: True),
        (_JWT, "jwt", lambda _: True),
        (_TOKEN, "token", lambda one: not _MASKED.search(one.group())),
        (_CONNECTION, "connection_string", lambda one: not _PLACEHOLDER.fullmatch(one["value"] or one["key"])),
        (_PASSWORD, "password", _is_password),
        (_PASSWORD_BESIDE, "password", lambda one: not _PLACEHOLDER.fullmatch(one["value"])),
        (_PASSWORD_OPTION, "password", _is_option),
        (_EMAIL, "email", lambda one: not _DOCUMENTED.match(one.group())),
        (_PHONE, "phone", _is_phone),
        (_IBAN, "iban", lambda one: _is_iban(one.group())),
    )
    for pattern, kind, holds in simple:
        for match in pattern.finditer(text):
            if holds(match):
                yield match.start(), match.end(), kind


def _is_password(match: re.Match[str]) -> bool:
    value = match["value"]
    if _PLACEHOLDER.fullmatch(value) or _CALL.fullmatch(value):
        return False
    if match["mark"].strip() in ("=", "=>", ":=") or match["quote"] in ("'", '"'):
        return True
    core = value.rstrip(".!?)")
    if _TELLING.fullmatch(core) is not None:
        return True
    is_mixed = re.search(r"\d", core) is not None and re.search(r"[^\W\d]", core) is not None
    return is_mixed and len(value.rstrip(".?)")) >= 6  # an exclamation mark may be the last sign of it


def _is_option(match: re.Match[str]) -> bool:
    if match["secret"] is not None:
        return not _PLACEHOLDER.fullmatch(match["secret"]) and match["secret"].casefold() not in ("pass", "token")
    return not _PLACEHOLDER.fullmatch(match["value"]) and _TELLING.fullmatch(match["value"]) is not None


def _is_phone(match: re.Match[str]) -> bool:
    digits = sum(character.isdigit() for character in match.group())
    return 8 <= digits <= 15  # ITU-T E.164 ends at 15


def _is_iban(text: str) -> bool:
    """Say whether the check digits hold (ISO 7064, MOD 97-10)."""
    code = text.replace(" ", "")
    if not 15 <= len(code) <= 34 or len(code) != _COUNTRY_LENGTHS.get(code[:2], len(code)):
        return False
    return int("".join(str(int(one, 36)) for one in code[4:] + code[:4])) % 97 == 1
