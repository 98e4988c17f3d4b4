"""Which mail below a question is an older one, and when it is the question itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.analysis.cited import without_cited

QUESTION = "seit heute fragt Outlook ständig nach meinem Kennwort."
OLDER = "Ihr Drucker im 2. OG wurde neu eingerichtet. Fehler 0x0000011b ist behoben."
CITED = {
    "schrieb": f"Am 02.11.2025 um 09:11 schrieb Service Desk:\n> {OLDER}",
    "wrote": f"On Mon, Nov 2, 2025 at 9:11 AM Service Desk <desk@example.org> wrote:\n> {OLDER}",
    "hat geschrieben": f"Service Desk hat am 02.11.2025 um 09:11 geschrieben:\n> {OLDER}",
    "wrote without quote marks": f"On Mon, 2 Nov 2025 at 09:11, Service Desk wrote:\n{OLDER}",
    "wrote, broken into two lines": f"On Mon, Nov 2, 2025 at 9:11 AM Desk <desk@example.org>\nwrote:\n\n> {OLDER}",
    "original message": f"-----Original Message-----\nFrom: Desk\nSent: Monday\nSubject: Printer\n\n{OLDER}",
    "ursprüngliche Nachricht": f"-----Ursprüngliche Nachricht-----\n{OLDER}",
    "header block": f"Von: Desk\nGesendet: Montag, 2. November 2025 09:11\nAn: A\nBetreff: Drucker\n\n{OLDER}",
    "bold header block": f"**From:** Desk\n**Sent:** Monday\n**To:** A\n\n{OLDER}",
    "header on one line": f"____________________\nVon: Desk Gesendet: Montag 09:11 An: A Betreff: Drucker\n{OLDER}",
    "quote marks alone": f"> Guten Tag,\n> {OLDER}\n> Service Desk",
}
cited = pytest.mark.parametrize("cited", CITED.values(), ids=CITED)


@cited
def test_cited_mail_goes_when_a_question_stands_above_it(cited: str) -> None:
    found = without_cited(f"{QUESTION}\n\n{cited}")

    assert found.startswith(QUESTION)
    assert OLDER not in found


@cited
@pytest.mark.parametrize(
    "above",
    [
        "",
        "siehe unten",
        "see below",
        "FYI",
        "zK",
        "Hallo zusammen,\n\nbitte um Prüfung. Danke!\n\nViele Grüße\nErika Muster",
        "Das Problem besteht weiterhin.",
        "Could somebody handle the mail below for the customer in Hamburg?",
        "Wir bekommen von Kunden dauernd diese Mail mit Anhang:",
    ],
)
def test_cited_mail_stays_when_what_stands_above_asks_nothing_or_points_at_it(above: str, cited: str) -> None:
    assert without_cited(f"{above}\n\n{cited}") == f"{above}\n\n{cited}"


def test_cited_mail_goes_when_the_question_itself_speaks_of_what_follows() -> None:
    question = f"Ich habe folgendes Problem, {QUESTION}"

    assert OLDER not in without_cited(f"{question}\n\n{CITED['schrieb']}")


def test_cited_mail_goes_when_the_question_stands_below_it() -> None:
    assert without_cited(f"{CITED['schrieb']}\n\n{QUESTION}").strip() == QUESTION


@pytest.mark.parametrize(
    "text",
    [
        f"When I open the shared mailbox Outlook shows this\n> {OLDER}",
        "Beim Anmelden am VPN kommt folgende Meldung\n> Error 809\n> The connection failed.\n> Try again.",
        "Nach dem Update geht nichts mehr im Lager.\nAm Montag schrieb das Programm ins Protokoll:\nFATAL 0x80070005",
        f"Ticket aus dem Telefonat im Lager.\nDie Leitung hat am 02.11.2025 um 09:11 gemeldet:\n{OLDER}",
        f"Von: Erika Muster\nGesendet: Montag\nAn: Helpdesk\nBetreff: Outlook\n\n{QUESTION}",
        f"Bitte ansehen, Kunde in Hamburg wartet.\n---------- Forwarded message ----------\n{OLDER}",
    ],
    ids=[
        "message quoted",
        "long message quoted",
        "log announced",
        "report announced",
        "header of the mail itself",
        "forwarded on purpose",
    ],
)
def test_text_stays_when_it_only_resembles_a_cited_mail(text: str) -> None:
    assert without_cited(text) == text


@given(st.lists(st.one_of(st.sampled_from([QUESTION, *"\n".join(CITED.values()).splitlines(), ""]), st.text())))
def test_lines_that_stay_keep_their_order_and_something_stays(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = without_cited(text)
    rest = iter(text.splitlines())

    assert bool(found.strip()) == bool(text.strip())
    assert all(line in rest for line in found.splitlines())


@pytest.mark.parametrize(
    "part", ["> x\n", "Von: a\nGesendet: b\n", "wrote:\n", "a:\n", "-----\n", "on 2025 1:1 ", "von: "]
)
def test_long_text_is_read_in_few_steps_when_it_is_made_against_patterns(part: str) -> None:
    # What looks back or ahead over the whole text at each line would not end within the time limit of a test.
    assert without_cited(part * 40_000)
