"""Read and write the action items of a post-mortem: the table of its section, as rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kb.markdown_tables import Table
from kb.plain_text import without_comments
from kb.post_mortem_sections import section_of
from kb.section_tables import SectionTable
from kb.written_times import written_day

TYPES = ("prevent", "detect", "mitigate", "document", "train")
STATES = ("open", "in_progress", "done", "dropped")
UNDER_WAY = ("open", "in_progress")
HEADERS = {
    "en": ("Action", "Type", "Owner", "Due", "Tracker", "State"),
    "de": ("Maßnahme", "Art", "Verantwortlich", "Fällig", "Vorgang", "Stand"),
}
TYPE_WORDS = {
    "en": dict(zip(TYPES, TYPES, strict=True)),
    "de": dict(zip(TYPES, ("verhindern", "erkennen", "mildern", "dokumentieren", "schulen"), strict=True)),
}
STATE_WORDS = {
    "en": dict(zip(STATES, ("open", "in progress", "done", "dropped"), strict=True)),
    "de": dict(zip(STATES, ("offen", "in Arbeit", "erledigt", "verworfen"), strict=True)),
}
_TYPES = {word.casefold(): key for words in TYPE_WORDS.values() for key, word in words.items()}
_STATES = {word.casefold(): key for words in STATE_WORDS.values() for key, word in words.items()}
_NONE = re.compile(
    r"[\s*_>-]*(?:none|no action items?|nothing|keine?|keine maßnahmen?|nichts)\b[^.!?\n]{0,40}?[\s,;:–-]"
    r"(?:because|since|as|weil|da|denn)\s+(?P<reason>\S.{2,})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One action item: what is done, of which type, by whom, until when, where it is tracked, and how it stands.

    `type` is one of `TYPES` or empty, `state` one of `STATES` or empty; `due` is as written.
    """

    action: str
    type: str = ""
    owner: str = ""
    due: str = ""
    tracker: str = ""
    state: str = ""

    @property
    def due_on(self) -> date | None:
        """Return the day on which it is due; `None` where none can be read."""
        return written_day(self.due)

    @property
    def is_open(self) -> bool:
        """Say whether it is still to be done; one that does not say how it stands is."""
        return self.state in ("", *UNDER_WAY)

    @property
    def is_whole(self) -> bool:
        """Say whether it tells what, type, who, until when and how it stands; where it is tracked may come later."""
        return bool(self.action and self.type and self.owner and self.due_on and self.state)

    @property
    def is_blank(self) -> bool:
        """Say whether nobody has written anything in it."""
        return not (self.action or self.owner or self.due or self.tracker)

    def days_overdue(self, today: date) -> int:
        """Return for how many days it has been due; 0 when it is not, or is not open."""
        due = self.due_on
        return max((today - due).days, 0) if due is not None and self.is_open else 0


def action_items_of(body: str) -> tuple[ActionItem, ...] | None:
    """Return the action items of a post-mortem as they stand; `None` where there is no such table."""
    return _TABLE.rows(body)


def action_table(body: str) -> Table | None:
    """Return the table of the action items, with its place; `None` without one, or when it is an odd one."""
    return _TABLE.table(body)


def why_none(body: str) -> str:
    """Return why a post-mortem has no action items (`None, because …`); empty where it does not say so."""
    section = section_of(body, "action_items")
    if section is None:
        return ""
    match = _NONE.match(without_comments(body)[section.text_start : section.end])
    return match["reason"].strip() if match else ""


def with_action_items(body: str, items: Sequence[ActionItem], language: str) -> str:
    """Return the body with these as its action items (`SectionTable.put`)."""
    return _TABLE.put(body, items, language)


def action_items_text(items: Sequence[ActionItem], language: str) -> str:
    """Return action items as a Markdown table in English or German."""
    return _TABLE.text(items, language)


def _item(cells: Sequence[str]) -> ActionItem | None:
    action, kind, owner, due, tracker, state = cells
    kind, state = kind.strip().casefold(), state.strip().casefold()
    if (kind and kind not in _TYPES) or (state and state not in _STATES):
        return None
    return ActionItem(action, _TYPES.get(kind, ""), owner, due, tracker, _STATES.get(state, ""))


def _cells(item: ActionItem, code: str) -> tuple[str, ...]:
    kind, state = TYPE_WORDS[code].get(item.type, item.type), STATE_WORDS[code].get(item.state, item.state)
    return item.action, kind, item.owner, item.due, item.tracker, state


_TABLE = SectionTable("action_items", HEADERS, _item, _cells)
