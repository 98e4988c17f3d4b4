"""Which words of a query, and which other words for them, a result shows."""

from __future__ import annotations

from kb.analysis.analyse import analyse, highlights
from search.answers import Reason, Snippet
from search.expansion import Expansion, Target
from search.word_reasons import AskedWords, ShownWords, other_word_reasons, without_pieces, word_reasons


def _own(text: str) -> frozenset[str]:
    return frozenset(analyse(text, "en").terms)


def _other(written: str, form: str, telling: str = "", *, is_whole: bool = True) -> Expansion:
    """`telling` are the words of the form that tell something by themselves, where not all do."""
    words = tuple(word.terms for word in analyse(telling or form, "en").words)
    return Expansion("synonym", 0, len(written), written, (Target(form, words, not telling),), is_whole)


def _shown(text: str, terms: frozenset[str], title: str = "") -> ShownWords:
    return ShownWords(title, Snippet(text, highlights(text, "en", terms, frozenset())), "en")


def _marked(shown: ShownWords) -> list[str]:
    return [shown.snippet.text[start:end] for start, end in shown.snippet.highlights]


def test_words_are_told_once_each_as_the_document_writes_them() -> None:
    shown = ShownWords("", Snippet("Spooler 0x1 spooler queue", ((0, 7), (8, 11), (12, 19), (20, 25))), "en")
    told = [Reason("identifier", value="0x1")]
    assert word_reasons(AskedWords(), shown, told) == (Reason("matched_words", value="Spooler, queue"),)
    assert word_reasons(AskedWords(), ShownWords("", Snippet("nothing"), "en")) == ()


def test_words_of_the_title_are_told_beside_those_of_the_snippet() -> None:
    asked = AskedWords(_own("spooler queue"))
    shown = _shown("The queue is full.", asked.own, "Spoolers hang")
    assert word_reasons(asked, shown) == (Reason("matched_words", value="queue, Spoolers"),)


def test_another_word_is_told_where_the_word_itself_is_missing() -> None:
    asked = AskedWords(_own("login"), [_other("login", "logon")])
    shown = _shown("The logon fails.", asked.own | asked.other)
    reasons, told = other_word_reasons(asked, shown)
    assert reasons == (Reason("synonym", value="login → logon"),)
    assert told == {"logon"}
    assert word_reasons(asked, shown, reasons, told) == ()
    assert other_word_reasons(asked, _shown("Login, also called logon.", asked.own)) == ((), frozenset())
    assert other_word_reasons(asked, _shown("The logon fails.", asked.own, "Login")) == ((), frozenset())


def test_a_form_of_which_words_tell_nothing_is_told_only_as_it_stands() -> None:
    asked = AskedWords(_own("full"), [_other("full", "no space left", "space")])
    stands = _shown("There is no space left on it.", asked.other)
    assert other_word_reasons(asked, stands)[0] == (Reason("synonym", value="full → no space left"),)
    assert other_word_reasons(asked, _shown("A space was left out.", asked.other)) == ((), frozenset())


def test_pieces_of_another_form_are_marked_only_where_all_of_it_stands() -> None:
    asked = AskedWords(_own("mailbox"), [_other("mailbox", "mail folder")])
    terms = asked.own | asked.other
    alone = without_pieces(asked, _shown("The folder of the mailbox.", terms))
    assert _marked(alone) == ["mailbox"]
    assert word_reasons(asked, alone) == (Reason("matched_words", value="mailbox"),)
    assert _marked(without_pieces(asked, _shown("The folder of the mail.", terms))) == ["folder", "mail"]
    assert _marked(without_pieces(asked, _shown("The folder.", terms, "Mail"))) == ["folder"]


def test_parts_of_a_compound_are_marked_each_by_itself() -> None:
    asked = AskedWords((), [_other("Druckauftrag", "print job", is_whole=False)])
    assert _marked(without_pieces(asked, _shown("The job hangs.", asked.other))) == ["job"]
