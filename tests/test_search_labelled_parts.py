"""What a ticket's text calls its cause, its workaround and its fix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.labelled_parts import LabelledParts, labelled_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Renewed the certificate.", LabelledParts(plain="Renewed the certificate.")),
        (
            "Root cause: the certificate had expired.\nRenewed it.",
            LabelledParts(cause="the certificate had expired.", plain="Renewed it."),
        ),
        (
            "Ursache: abgelaufenes Zertifikat.\nLösung:\n1. Erneuern\n2. Dienst neu starten",
            LabelledParts(cause="abgelaufenes Zertifikat.", fix="1. Erneuern\n2. Dienst neu starten"),
        ),
        (
            "h3. Root Cause\nDisk full.\n\nLogs were kept.\n\nh3. Workaround\nDelete logs.",
            LabelledParts(cause="Disk full.\n\nLogs were kept.", workaround="Delete logs."),
        ),
        ("**Fix:** Restart it.\n**Workaround**: Use Wi-Fi.", LabelledParts(fix="Restart it.", workaround="Use Wi-Fi.")),
        ("## Umgehung\nNeu anmelden.\n## Hinweis\nDauert.", LabelledParts(workaround="Neu anmelden.")),
        (
            "Cause: a driver that was\nnever signed.\nReplaced it.",
            LabelledParts(cause="a driver that was\nnever signed.", plain="Replaced it."),
        ),
        ("Workaround:\n", LabelledParts()),
        ("Fix the driver first.\nThen: pray.", LabelledParts(plain="Fix the driver first.\nThen: pray.")),
        (
            "- **Identified**: memory\n\n- **Resolution**:\n  - Raised it\n\n- **Actions**:\n  - Alert",
            LabelledParts(fix="- Raised it"),
        ),
        ("Workaround:\n```\n# Cause: none\nrestart\n```", LabelledParts(workaround="```\n# Cause: none\nrestart\n```")),
        ("## Root causes\nA race.\n## Timeline\n10:00 down", LabelledParts(cause="A race.")),
        ("Causes: many", LabelledParts(plain="Causes: many")),
    ],
)  # fmt: skip
def test_parts_are_what_stands_under_their_labels(text: str, parts: LabelledParts) -> None:
    assert labelled_parts(text) == parts


@given(st.text())
def test_parts_of_any_text_hold_nothing_that_it_does_not(text: str) -> None:
    parts = labelled_parts(text)

    held = "\n".join((parts.cause, parts.workaround, parts.fix, parts.plain)).split()
    assert [word for word in held if word not in text] == []


@given(st.text(alphabet="abc .\n"))
def test_a_text_without_labels_is_plain(text: str) -> None:
    assert labelled_parts(text).plain == "\n".join(text.splitlines()).strip()


_LABELS = {
    "cause": "root cause|the root cause|underlying issue|root-cause analysis|RCA|cause|contributing factors|Ursache"
    "|Fehlerursache|Grundursache|Hauptursachen",
    "workaround": "workaround|work around|temporary fix|interim solution|Umgehung|Problemumgehung|Umgehungslösung"
    "|Behelfslösung|Zwischenlösung",
    "fix": "resolution|solution|fix|permanent fix|final solution|Behebung|Fehlerbehebung|LÖSUNG|endgültige Lösung"
    "|Abhilfe",
    "other": "symptoms|impact|affected|environment|steps to reproduce|prevention|follow-up|notes|next steps"
    "|Auswirkungen|betroffen|Umgebung|Vorbeugung|Hinweise|nächste Schritte",
}


@pytest.mark.parametrize(
    "mark", ["{}: told", "## {}\ntold", "h3. {}:\ntold", "- **{}**: told", "  > __{}:__ told", "*{}*\ntold"]
)
@pytest.mark.parametrize(("part", "label"), [(part, one) for part, all in _LABELS.items() for one in all.split("|")])
def test_a_label_is_known_however_it_is_marked(part: str, label: str, mark: str) -> None:
    parts = labelled_parts(f"Before.\n\n{mark.format(label)}")
    assert parts == LabelledParts(plain="Before.", **({} if part == "other" else {part: "told"}))
