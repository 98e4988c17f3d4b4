"""The steps of a fix: listed, numbered within a line, or told in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.steps import before_steps, steps_of


@pytest.mark.parametrize(
    ("text", "steps", "before"),
    [
        ("Restart the service.", [], "Restart the service."),
        ("Do this:\n1. Stop it\n   and wait\n2) Start it\n\nDone.", ["Stop it and wait", "Start it"], "Do this:\n"),
        ("- one\n* two\n• three", ["one", "two", "three"], ""),
        ("  1. a\n     - detail\n  2. b", ["a - detail", "b"], ""),
        ("a\n---\nb - c\n-5 degrees\n1.5 GB", [], "a\n---\nb - c\n-5 degrees\n1.5 GB"),
        ("```\n- no step\n```\n- step", ["step"], "```\n"),
        ("2026. was a year\r\n", [], "2026. was a year\r\n"),
        (
            "Do: 1) stop the spooler, 2) empty the folder; 3) start it again",
            ["stop the spooler", "empty the folder", "start it again"],
            "Do:",
        ),
        ("1. Stop it. 2. Update to 4. or later. 3. Start it.", ["Stop it.", "Update to 4. or later.", "Start it."], ""),
        ("Since version 2. it works.", [], "Since version 2. it works."),
        (
            "The cache was stale. First close Outlook. Then delete the OST file. Finally start Outlook.",
            ["First close Outlook.", "Then delete the OST file.", "Finally start Outlook."],
            "The cache was stale.",
        ),
        (
            "Zuerst Outlook schließen. Danach das Profil neu anlegen.",
            ["Zuerst Outlook schließen.", "Danach das Profil neu anlegen."],
            "",
        ),
        ("First of all, thanks. It works now.", [], "First of all, thanks. It works now."),
    ],
)
def test_steps_are_drawn_from_the_text(text: str, steps: list[str], before: str) -> None:
    assert steps_of(text) == steps
    assert before_steps(text, steps).strip() == before.strip()


def test_steps_keep_the_code_that_stands_below_them() -> None:
    code = "    ```sh\n    systemctl restart <unit>\n    ```"
    text = f"1. Restart the service:\n\n{code}\n\n2. Check it.\n\n```\nno step\n```"

    assert steps_of(text) == ["Restart the service: `systemctl restart <unit>`", "Check it."]


@given(st.text(alphabet="12.) ab-\nFirst.Then"))
def test_steps_of_any_text_are_told_by_it(text: str) -> None:
    told = "".join(text.split())
    assert [step for step in steps_of(text) if "".join(step.split()).strip(",;") not in told] == []
