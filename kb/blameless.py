"""Point out wording that blames people, in English and German, and say how to put it instead. Pure.

Whoever fears blame leaves out what would help: a post-mortem tells what people saw and knew at the time, and what made
the failure possible (Google SRE book, chapter 15; Etsy's debriefing guide on counterfactuals; PagerDuty's guide).
Only wording about people counts: a service may fail, forget and be careless. What stands in quotes and code is
somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kb.plain_text import without_comments
from kb.post_mortem_sections import is_german

Why = Literal["counterfactual", "fault", "omission", "error", "care", "name", "question"]
"""Why a phrase is pointed out:

- `counterfactual`: tells what did not happen, as seen from the end,
- `fault`: says whose fault it was,
- `omission`: tells what somebody left undone, not why that seemed right,
- `error`: calls a person the cause and stops asking there,
- `care`: judges somebody, or asks for more care, which changes nothing,
- `name`: names a person where a role does,
- `question`: asks why somebody did not.
"""


@dataclass(frozen=True, slots=True)
class Blame:
    """One phrase: its place in the text (code points), why it is pointed out, and a better one in its language."""

    start: int
    end: int
    phrase: str
    why: Why
    better: str


_DONE = (
    r"(?:\w{2,}ed|been|known|seen|done|gone|made|taken|caught|told|read|thought|written|kept|found|understood|run"
    r"|given|begun|set|put|left|sent)"
)
_NOTICED = r"(?:more )?(?:\w+ly )?(?:careful|attentive|aware|checked|noticed|seen|caught|spotted|tested|reviewed|told)"
"""What people do; a setting that should have been another one is a fact."""
_WHO = (
    r"(?:(?:engineer|administrator|admin|operator|developer|technician|analyst|consultant|contractor|vendor|supplier"
    r"|employee|colleague|manager|apprentice|trainee|dba|sysadmin|[a-z-]+ team|team|agent|person|somebody|someone"
    r"|[a-z]+-l[123])(?: on call)?|he|she|we|I)"
)
_WER = (
    r"(?:(?:Administrator|Admin|Techniker|Kolleg|Mitarbeiter|Entwickler|Betreuer|Bearbeiter|Dienstleister|Auszubildende"
    r"|Ingenieur|Bereitschaft|Schichtleiter)(?:s|n|e|en|in|innen|r)?|Team|jemand|[a-zä-ü]+-l[123]|wir|ich)"
)
_ENGLISH: tuple[tuple[Why, str, str], ...] = (
    (
        "counterfactual",
        r"\b(?:should(?: not|n't)? have|should've|ought to have|could have known|must have known) "
        rf"(?:\w+ly )?(?:been {_NOTICED}|(?!been\b){_DONE})\b",
        "say what was known then, and what would have shown it",
    ),
    (
        "counterfactual",
        r"\bif only\b|\b(?:he|she|they|we|I) would(?: not|n't) have\b",
        "say what was known then, and what would have shown it",
    ),
    (
        "fault",
        r"\b(?:is|are|was|were|who(?:m)?(?: is)?) to blame\b|\b(?:his|her|their|our|my|whose) (?:own )?fault\b"
        r"|\b(?:the|a) fault of (?:the )?(?:user|engineer|admin\w*|operator|team|vendor|developer)\w*"
        r"|\bblame[sd]? (?:on )?(?:the )?(?:user|engineer|admin\w*|operator|team|vendor|developer)\w*",
        "describe what made it possible",
    ),
    (
        "omission",
        rf"\b{_WHO}(?: \w+){{0,2}}? (?:failed to|forgot|neglected|omitted|overlooked|ignored"
        r"|(?:did not|didn't) (?:bother|care|pay attention|realise|realize|follow|check|read|notice))\b",
        "say what was expected, and what made it hard to do or to see",
    ),
    (
        "omission",
        r"\b(?:failure|refusal) of (?:the |our )?(?:user|engineer|admin\w*|operator|team|developer)s? to\b",
        "say what was expected, and what made it hard to do or to see",
    ),
    (
        "error",
        r"\b(?:human|operator|pilot|layer 8|PEBKAC) (?:error|mistake|failure)s?\b(?! (?:codes?|messages?|\d))"
        r"|\b(?:due to|caused by|through|was) "
        r"(?:a )?user error\b|\bPEBKAC\b|\b(?:made|makes|making|make) (?:a |an |the )?(?:\w+ )?mistakes?\b"
        r"|\bmistakes? (?:by|of) (?:the |our )?(?:user|engineer|admin\w*|operator|team|vendor|developer)s?\b",
        "name what allowed it: the missing check, the same look of two things, the manual step",
    ),
    (
        "care",
        r"\b(?:careless(?:ly|ness)?|negligen(?:t|ce|tly)|sloppy|sloppiness|incompeten(?:t|ce)|stupid(?:ly|ity)?"
        r"|foolish(?:ly)?"
        r"|reckless(?:ly)?|thoughtless(?:ly)?|inexcusabl[ey]|unprofessional(?:ly)?|irresponsibl[ey]|rookie mistakes?"
        r"|inattention|inattentive|lack of (?:care|attention|discipline|diligence))\b",
        "leave the judgement out; say what happened",
    ),
    (
        "care",
        r"\b(?:be|being|work|working) more (?:careful|attentive|diligent)(?:ly)?\b"
        r"|\bpay(?:ing)? (?:more|better|closer) attention\b"
        r"|\b(?:disciplinary|reprimand(?:ed)?|formally warned)\b",
        "change the system so that it does not depend on attention",
    ),
    ("question", r"\bwhy (?:did not|didn't|did) (?:nobody|anybody|no one|he|she|they|you)\b", "ask how it looked then"),
    (
        "name",
        r"\b(?:Mr|Mrs|Ms)\.? (?!(?:Teams|Office|Word|Excel|Outlook|Exchange|Windows|Azure|Access)\b)"
        r"[A-Z][a-zß-ÿ]+\b",
        "name the role, such as the engineer on call",
    ),
)
_GERMAN: tuple[tuple[Why, str, str], ...] = (
    (
        "counterfactual",
        r"\bhätten?\b[^.!?\n]{0,90}?\b(?:müssen|sollen|wissen|ahnen|merken|bemerken|sehen) (?:können|müssen|sollen)\b"
        r"|\bhätten?\b[^.!?\n]{0,90}?\w{3,}(?:en|ern|eln) (?:müssen|sollen)\b",
        "sagen, was man damals wusste, und was es gezeigt hätte",
    ),
    (
        "fault",
        r"\b(?:selbst )?schuld (?:ist|sind|war|waren|an|hat|hatte|trägt|trifft)\b"
        r"|\b(?:ist|sind|war|waren) (?:selbst )?schuld\b"
        r"|\bSchuldige[nr]?\b|\b(?:selbst|von \w+) verschuldet\b|\bdie Schuld (?:von|des|der|liegt|trägt)\b",
        "beschreiben, was es möglich gemacht hat",
    ),
    (
        "omission",
        rf"\b{_WER}(?: \w+){{0,3}}? (?:vergaß|vergaßen|versäumte|versäumten|ignorierte|ignorierten|übersah|übersahen"
        r"|missachtete|missachteten|vernachlässigte)\b"
        rf"|\b{_WER} (?:hat|haben|hatte|hatten)(?: [\w-]+){{0,6}}? "
        r"(?:vergessen|versäumt|ignoriert|übersehen|missachtet|vernachlässigt|geschlampt)\b"
        r"|\b(?:es wurde|wurde es) (?:schlicht |einfach )?(?:vergessen|versäumt)\b"
        r"|\bVersäumnis(?:se)? (?:von|des|der)\b",
        "sagen, was erwartet war und was es erschwert hat",
    ),
    (
        "error",
        r"\bmenschliche[ns]? (?:Versagen|Fehler)s?\b|\bmenschlicher (?:Fehler|Irrtum)\b"
        r"|\b(?:Anwender|Bediener|Benutzer|Flüchtigkeits|Bedienungs|Bedien)fehlern?\b"
        r"|\bFehler (?:von|des|der|durch (?:den|die|das)) (?:Kolleg|Administrator|Techniker"
        r"|Mitarbeiter|Entwickler|Dienstleister|Team)\w*",
        "nennen, was ihn zuließ: die fehlende Prüfung, zwei gleich aussehende Dinge, der Handgriff",
    ),
    (
        "care",
        r"\b(?:fahrlässig|nachlässig|schlampig|leichtsinnig|leichtfertig|unachtsam|unaufmerksam|unprofessionell"
        r"|verantwortungslos|unvorsichtig|inkompetent|gedankenlos)(?:e|er|es|en|em)?\b|\b(?:Fahrlässigkeit|Nachlässigkeit|Schlamperei"
        r"|Leichtsinn|Unachtsamkeit|Unaufmerksamkeit|Inkompetenz|Dummheit|Gedankenlosigkeit)\b",
        "das Urteil weglassen und sagen, was geschah",
    ),
    (
        "care",
        r"\b(?:besser|mehr|genauer) aufpassen\b"
        r"|\b(?:sorgfältiger|gewissenhafter|aufmerksamer|vorsichtiger) (?:arbeiten|sein|vorgehen|werden)\b"
        r"|\babmahn\w+|\bAbmahnung\b",
        "das System so ändern, dass es nicht von Aufmerksamkeit abhängt",
    ),
    ("question", r"\bwarum (?:hat|haben|wurde) (?:niemand|keiner|er|sie|man) \b", "fragen, wie es damals aussah"),
    (
        "name",
        r"\b(?:Herrn?|Frau) (?:Dr\. )?[A-ZÄÖÜ][a-zß-ÿ]+\b",
        "die Rolle nennen, etwa die Bereitschaft",
    ),
)


def _compiled(rules: tuple[tuple[Why, str, str], ...]) -> tuple[tuple[Why, re.Pattern[str], str], ...]:
    return tuple(
        (why, re.compile(pattern, 0 if why == "name" else re.IGNORECASE), better) for why, pattern, better in rules
    )


_RULES = {"en": _compiled(_ENGLISH), "de": _compiled(_GERMAN)}
_QUOTED = re.compile(
    r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)|`[^`\n]*`|^[ \t]*>[^\n]*$|\"[^\"\n]{0,400}\"|“[^”\n]{0,400}”"
    r"|„[^“”\n]{0,400}[“”]|«[^»\n]{0,400}»|»[^«\n]{0,400}«",
    re.MULTILINE | re.DOTALL,
)
_PROGRAM = re.compile(r"(?:agent|operator)\b", re.IGNORECASE)
"""A person, or a program: `the operator` is one, `the Kubernetes operator` is not."""
_PERSON_BEFORE = re.compile(
    r"(?:\b(?:the|an?|our|one|first|second|service|support|desk|call|night|shift|human|duty|same|other)[ -]"
    r"|(?:^|[.:;!?\n])\s?)\Z",
    re.IGNORECASE,
)
_NOT_NEWLINE = re.compile(r"[^\n]")


def blames(markdown: str, language: str) -> tuple[Blame, ...]:
    """Return the phrases of a text that blame, in their order, none within another."""
    text = _QUOTED.sub(lambda quoted: _NOT_NEWLINE.sub(" ", quoted.group()), without_comments(markdown))
    found = sorted(_found(text, "de" if is_german(language) else "en"), key=lambda one: (one.start, -one.end))
    kept: list[Blame] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


def _found(text: str, language: str) -> Iterator[Blame]:
    for why, pattern, better in _RULES[language]:
        for match in pattern.finditer(text):
            if (
                why == "omission"
                and _PROGRAM.match(match.group())
                and not _PERSON_BEFORE.search(text[max(0, match.start() - 12) : match.start()])
            ):
                continue
            yield Blame(match.start(), match.end(), " ".join(match.group().split()), why, better)
