"""Codes: names and numbers that somebody gave to an error, an update, an advisory, a machine or a command."""

from __future__ import annotations

import re

from kb.analysis.cues import CUES
from kb.analysis.folding import fold
from kb.analysis.lists import word_list
from kb.analysis.shape import Found, Shape, whole_shape

_CVE = re.compile(r"CVE[-_]((?:19|20)\d\d[-_]\d{4,7})", re.IGNORECASE)
_KB = re.compile(r"KB-?(\d{5,8})", re.IGNORECASE)
_MACHINE = re.compile(r"[A-Z]{2,8}-[A-Z]{2,8}\d{2,3}")
_UPPER_CODE = re.compile(r"(?=(?:\D*\d){3})[A-Z]{2}[A-Z0-9_]{0,14}(?:-[A-Z0-9_]{1,24}){1,4}")
# In small letters a code needs more digits than a number that merely follows a word, and not those of a year.
_LOWER_CODE = re.compile(r"([A-Za-z]{2,6})-(?!(?:19|20)\d\d$)\d{4,7}")
_NUMBERED = re.compile(r"(?![0-9A-Fa-f]{6}$)(?:[A-Z]{2,10}\d{3,10}|[A-Za-z]{2,10}(?!(?:19|20)\d\d$)\d{4,10})")
_CMDLET = re.compile(
    r"(?:Add|Clear|Connect|Convert|Copy|Disable|Disconnect|Enable|Export|Find|Format|Get|Import|Install|Invoke|Move|New|"
    r"Register|Remove|Repair|Reset|Resolve|Restart|Resume|Search|Send|Set|Start|Stop|Sync|Test|Uninstall|Update|Wait)"
    r"-[A-Z][A-Za-z0-9]{3,40}"
)
_SNAKE = re.compile(r"(?=.{6})(?=\d*[A-Za-z])[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+")
_ERROR_SNAKE = re.compile(r"(?:^|_)(?:err|error|fail|failed|failure|exception|fatal|denied|invalid|timeout)(?:_|$)")
# How the same codes and commands look when an agent types them in small letters and without much care.
_TYPED = re.compile(
    r"(?<![\w.-])(?:(?!(?:error|errors|fehler|event|code|http|status)-)[a-z]{2,10}-\d{3}"
    r"|(?:add|connect|disable|enable|export|get|import|install|invoke|move|new|remove|reset|restart|set|start|stop|test"
    r"|update)-[a-z]{6,40})(?![\w-]|\.\w)",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(r"(?:\w+[.$]+)*([A-Za-z_]\w{2,}(?:[eE]xception|Error|Fault|(?<=[a-z]{3})error))")


def code_shape(token: str) -> Shape | None:
    """Know CVE and KB numbers, vendors' codes (`ORA-12154`, `AADSTS50076`), machine names and PowerShell commands."""
    if match := _CVE.fullmatch(token):
        return whole_shape("cve-" + match[1].replace("_", "-"), "cve", len(token))
    if match := _KB.fullmatch(token):
        return whole_shape("kb" + match[1], "kb", len(token))
    if _MACHINE.fullmatch(token):
        return whole_shape(token.lower(), "host", len(token), parts=True)
    if _CMDLET.fullmatch(token) or _UPPER_CODE.fullmatch(token):
        return whole_shape(token.lower(), "code", len(token), parts=True)
    if _NUMBERED.fullmatch(token):
        return whole_shape(token.lower(), "code", len(token))
    match = _LOWER_CODE.fullmatch(token)
    if match and CUES.get(match[1].lower(), "vendor") == "vendor":
        return whole_shape(token.lower(), "code", len(token), parts=True)
    return None


def name_shape(token: str) -> Shape | None:
    """Know names of errors and settings: `ENOENT`, `ERR_CONNECTION_RESET`, `java.lang.NullPointerException`.

    A qualified exception is found by the name of its class, the form that people type.
    """
    folded = fold(token)
    if folded in word_list("code_names"):
        return whole_shape(folded, "error_code", len(token), parts=True)
    if _SNAKE.fullmatch(token):
        return whole_shape(folded, "error_code" if _ERROR_SNAKE.search(folded) else "code", len(token), parts=True)
    if match := _EXCEPTION.fullmatch(token):
        return Shape(folded, parts=True, found=(Found(fold(match[1]), "exception", *match.span(1)),))
    return None


def typed_codes(text: str) -> list[Found]:
    """Return what may be a code or a command in a query, though a document would have to write it more plainly."""
    return [Found(match.group().lower(), "code", *match.span()) for match in _TYPED.finditer(text)]
