"""Other words for those of a query: translations, synonyms, parts of compounds; and what they are worth."""

from __future__ import annotations

import pytest

from kb.documents import Article, Ticket
from kb.queries import Filter, Viewer
from kb.vocabulary import Vocabulary, shipped_vocabulary
from search.expansion import LONGEST_EXPANDED, Expander
from search.query_terms import search_terms, ticket_terms
from search.syntax import parse
from search.word_groups import MOST_ADDED
from tests.library import Library, ids

VOCABULARY = Vocabulary(
    glossary={
        "Drucker": ("printer",),
        "drucken": ("print",),
        "Druck": ("pressure",),
        "Warteschlange": ("queue",),
        "Postfach": ("mailbox",),
        "freigegebenes Postfach": ("shared mailbox",),
        "freigeben": ("release",),
        "Zugriff verweigert": ("access denied",),
        "Netzwerk": ("network",),
        "Störung": ("outage", "disruption"),
        "Straße": ("street",),
        "leer": ("empty",),
    },
    synonyms=(("MFA", "multi-factor authentication"), ("VM", "virtual machine")),
)
EXPANDER = Expander(VOCABULARY)
PRINTER = Article(id="en/printer", title="Printer prints blank pages", body="Clean the heads.", kind="how-to")
MAILBOX = Article(id="en/mailbox", title="Open a shared mailbox", body="Add it in the client.", kind="how-to")
DRUCKER = Article(
    id="de/drucker", title="Drucker druckt leere Seiten", body="Den Kopf reinigen.", kind="how-to", language="de"
)
FACTOR = Article(id="en/mfa", title="Set up multi-factor authentication", body="Use the app.", kind="how-to")


@pytest.fixture
def library() -> Library:
    library = Library(PRINTER, MAILBOX, DRUCKER, FACTOR)
    library.expander = EXPANDER
    return library


def found(text: str) -> list[tuple[str, str, list[str]]]:
    expanded = EXPANDER.expanded(text)
    return [(one.kind, one.written, [target.form for target in one.targets]) for one in expanded.expansions]


@pytest.mark.parametrize("written", ["Drucker", "drucker", "DRUCKER", "Druckern", "Druckers"])
def test_an_inflected_german_word_has_its_own_translation_and_not_that_of_a_word_like_it(written: str) -> None:
    assert found(f"Der {written} ist leer")[0] == ("translated_words", written, ["printer"])


def test_an_english_word_is_called_by_its_german_one() -> None:
    assert found("the printers are offline") == [("translated_words", "printers", ["Drucker"])]


def test_a_form_of_several_words_is_found_whole_and_inflected() -> None:
    assert found("Wie öffne ich freigegebene Postfächer")[0] == (
        "translated_words",
        "freigegebene Postfächer",
        ["shared mailbox"],
    )
    assert found("Die Postfächer sind nicht freigegeben. Und leer")[0][2] == ["mailbox"]


def test_words_on_either_side_of_a_full_stop_are_no_form() -> None:
    assert ("translated_words", "Zugriff verweigert", ["access denied"]) in found("Der Zugriff verweigert mir das Netz")
    assert found("Kein Zugriff. Verweigert sich der Dienst") == []


def test_a_compound_that_is_not_listed_is_translated_by_its_parts() -> None:
    assert found("Die Druckerwarteschlange ist voll")[0] == (
        "translated_words",
        "Druckerwarteschlange",
        ["printer queue"],
    )
    assert found("Es gibt eine Netzwerkstörung")[0][2] == ["network outage"]


@pytest.mark.parametrize("street", ["Straße", "Strasse", "STRASSE", "Straßen"])
def test_sharp_s_and_double_s_are_one_word(street: str) -> None:
    assert found(f"Die {street} ist leer")[0][2] == ["street"]


def test_an_abbreviation_stands_for_its_words_and_they_for_it() -> None:
    assert ("synonym", "MFA", ["multi-factor authentication"]) in found("MFA token is lost")
    assert ("synonym", "multi-factor authentication", ["MFA"]) in found("set up multi-factor authentication")


def test_a_german_text_is_given_word_by_word_in_english_and_unknown_words_stay() -> None:
    assert EXPANDER.expanded("Der Drucker Xerox7 ist leer").translation == "the printer Xerox7 is empty"
    assert EXPANDER.expanded("the printer is empty").translation is None
    assert Expander(VOCABULARY, translates_texts=False).expanded("Der Drucker ist leer").translation is None


def test_text_in_another_language_is_left_alone() -> None:
    assert EXPANDER.expanded("El servidor de correo no responde y los usuarios no pueden entrar").expansions == ()


def test_identifiers_quoted_phrases_and_excluded_words_are_not_expanded() -> None:
    quoted = search_terms(parse('"Drucker" ist leer'), None, EXPANDER)
    excluded = search_terms(parse("Warteschlange ist leer -Drucker"), None, EXPANDER)

    assert [one.written for one in quoted.expansions] == ["leer"]
    assert "printer" not in excluded.keyword.excluded
    assert "Drucker" not in [one.written for one in excluded.expansions]
    assert EXPANDER.expanded("Drucker leer", [(0, 7)]).expansions[0].written == "leer"


def test_words_that_no_document_holds_are_not_added() -> None:
    terms = search_terms(parse("Drucker Störung"), lambda terms: {"printer": 3, "disrupt": 1}, EXPANDER)

    assert [target.form for one in terms.expansions for target in one.targets] == ["printer", "disruption"]


def test_a_translation_counts_less_than_the_word_itself() -> None:
    group = search_terms(parse("Drucker ist leer"), None, EXPANDER).keyword.words[0]
    shares = dict(zip(group.terms, group.shares, strict=True))

    assert shares["printer"] < shares["drucker"] == 1.0


def test_a_long_ticket_has_few_words_added() -> None:
    glossary = {f"Wort{chr(97 + number // 26)}{chr(97 + number % 26)}": (f"word{number}",) for number in range(300)}
    terms = ticket_terms(
        "Der Drucker ist nicht mehr zu sehen", " ".join(glossary), None, Expander(Vocabulary(glossary))
    )

    assert 0 < sum(len(one.targets) for one in terms.expansions) <= MOST_ADDED


def test_the_end_of_a_very_long_text_is_not_looked_up() -> None:
    text = "Der Server ist aus. " * (LONGEST_EXPANDED // 20) + "Drucker"

    assert EXPANDER.expanded(text).expansions == ()


def test_a_german_question_finds_the_english_article_and_says_by_which_words(library: Library) -> None:
    answer = library.search("Wie öffne ich ein freigegebenes Postfach", floor=0.99)

    assert ids(answer) == ["en/mailbox"]
    assert [(one.type, one.value) for one in answer.results[0].reasons if one.value] == [
        ("translated_words", "freigegebenes Postfach → shared mailbox")
    ]


def test_an_english_question_finds_the_german_article(library: Library) -> None:
    answer = library.search("the printer is empty", filter=Filter({"language": frozenset({"de"})}), floor=0.99)

    assert ids(answer) == ["de/drucker"]
    assert ("translated_words", "printer → Drucker") in [(one.type, one.value) for one in answer.results[0].reasons]


def test_a_result_that_holds_the_word_itself_tells_of_no_translation(library: Library) -> None:
    answer = library.search("Drucker", floor=0.99)

    reasons = {result.id: [one.type for one in result.reasons] for result in answer.results}
    assert "translated_words" not in reasons["de/drucker"]
    assert "translated_words" in reasons["en/printer"]


def test_an_abbreviation_finds_the_words_that_it_stands_for(library: Library) -> None:
    answer = library.search("MFA", floor=0.99)

    assert ids(answer) == ["en/mfa"]
    assert ("synonym", "MFA → multi-factor authentication") in [(r.type, r.value) for r in answer.results[0].reasons]


def test_a_german_ticket_finds_the_english_article(library: Library) -> None:
    ticket = Ticket(source="mail", external_id="1", title="Drucker ist leer", description="", language="de")

    answer = library.similar(ticket, floor=0.99)

    assert "en/printer" in ids(answer)
    reasons = next(result for result in answer.results if result.id == "en/printer").reasons
    assert ("translated_words", "Drucker → printer") in [(one.type, one.value) for one in reasons]


def test_a_german_question_is_encoded_a_second_time_only_for_documents_in_another_language(library: Library) -> None:
    asked: list[str] = []
    encode = library.encoder.encode_query
    library.encoder.encode_query = lambda text: asked.append(text) or encode(text)  # type: ignore[method-assign,func-returns-value]

    library.search("Der Drucker ist leer")
    assert asked == ["Der Drucker ist leer", "the printer is empty"]
    asked.clear()
    library.search("Der Drucker ist leer", filter=Filter({"language": frozenset({"de"})}))
    assert asked == ["Der Drucker ist leer"]


def test_nothing_that_the_reader_may_not_read_is_found_by_a_translation() -> None:
    secret = Article(id="s", title="Printer of the board", body="x", kind="how-to", audience="group:board")
    library = Library(secret)
    library.expander = EXPANDER

    assert ids(library.search("Drucker leer", floor=0.99)) == ["s"]
    assert ids(library.search("Drucker leer", viewer=Viewer("member"), floor=0.99)) == []


def test_a_ticket_has_synonyms_only_for_words_that_no_document_holds() -> None:
    def synonyms(held: dict[str, int]) -> list[str]:
        held = {"multi": 1, "factor": 1, "authent": 1, "token": 1, **held}
        terms = ticket_terms("MFA token is lost", "", lambda terms: held, EXPANDER)
        return [one.written for one in terms.expansions if one.kind == "synonym"]

    assert synonyms({}) == ["MFA"]
    assert synonyms({"mfa": 1}) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Drucker offline nach Windows-Update", "de"),
        ("Drucker offline", "de"),
        ("printer offline after Windows update", "en"),
        ("Der Drucker ist leer", "de"),
    ],
)
def test_german_with_english_product_names_is_told_by_the_vocabulary(text: str, language: str) -> None:
    assert EXPANDER.expanded(text).language == language


def test_an_empty_vocabulary_leaves_a_question_as_it_is() -> None:
    assert Expander(Vocabulary()).expanded("Der Drucker ist leer").expansions == ()


SHIPPED = Expander(shipped_vocabulary())


def others(text: str, expander: Expander = SHIPPED) -> list[str]:
    return [target.form for one in expander.expanded(text).expansions for target in one.targets]


def test_a_longer_form_does_not_hide_the_other_forms_of_its_words() -> None:
    pair = Vocabulary({"Passwort zurücksetzen": ("reset password",)}, (("Kennwort", "Passwort"),))
    found = Expander(pair).expanded("Passwort zurücksetzen").expansions
    groups = search_terms(parse("Passwort zurücksetzen"), None, Expander(pair)).keyword.words
    shares = {term: share for one in groups for term, share in zip(one.terms, one.shares, strict=False)}

    assert [(one.written, one.is_inner) for one in found] == [("Passwort zurücksetzen", False), ("Passwort", True)]
    assert 0 < shares["kennwort"] < 0.5


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Festplatte ist voll", "Laufwerk"),
        ("Laufwerk voll", "Festplatte voll"),
        ("Login klappt nicht", "einloggen"),
        ("Rechner ist träge", "langsam"),
        ("Symbol erscheint nicht", "verschwunden"),
        ("the icon is missing", "does not appear"),
        ("logon problem", "sign in"),
        ("workbook locked for editing", "file in use"),
        ("Datei ist gesperrt zur Bearbeitung", "wird bereits verwendet"),
        ("Drucker druckt nix", "not printing"),
    ],
)
def test_everyday_words_stand_for_one_another(said: str, meant: str) -> None:
    assert meant in others(said)


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("wait ten minutes", "Protokoll"),
        ("sever is down", "mehrere"),
        ("sever is down", "schwerwiegend"),
        ("ich buche einen Raum", "post"),
        ("Urlaub eintragen", "leave"),
        ("Last State", "neueste"),
        ("custom field", "Zoll"),
        ("second monitor", "Sekunde"),
        ("copies", "photocopier"),
        ("Drucker", "ausdrucken"),
    ],
)
def test_a_word_does_not_meet_the_entry_of_another_word(said: str, other: str) -> None:
    assert other not in others(said)


@pytest.mark.parametrize(
    ("said", "german"),
    [("meeting minutes", "Protokoll"), ("printers", "Drucker"), ("deleting files", "löschen"), ("copied", "kopieren")],
)
def test_an_inflected_english_word_has_the_translation_of_its_form(said: str, german: str) -> None:
    assert german in others(said)


def test_a_german_form_without_a_translation_is_translated_word_by_word() -> None:
    words = Vocabulary({"Drucker": ("printer",), "leer": ("empty",)}, (("Drucker leer", "Papier fehlt"),))

    assert Expander(words).expanded("Der Drucker leer").translation == "the printer empty"


def test_words_that_tell_nothing_by_themselves_are_not_looked_up_for_a_form() -> None:
    terms = search_terms(parse("disk full"), None, SHIPPED)

    assert {"no", "on", "left", "not"}.isdisjoint(terms.highlighted)
    assert "devic" in terms.highlighted


def test_pieces_of_a_form_are_neither_told_nor_marked() -> None:
    library = Library(
        Article(id="piece", title="Linux server", body="The network of this linux server is down.", kind="how-to"),
        Article(id="whole", title="Linux client", body="A virtual private network for linux.", kind="how-to"),
    )
    library.expander = SHIPPED
    answer = library.search("vpn linux", floor=0.99)
    told = {one.id: [(each.type, each.value) for each in one.reasons if each.value] for one in answer.results}
    marked = {one.id: [one.snippet.text[start:end] for start, end in one.snippet.highlights] for one in answer.results}

    assert ("matched_words", "linux") in [(kind, value and value.casefold()) for kind, value in told["piece"]]
    assert "network" not in marked["piece"]
    assert ("synonym", "vpn → virtual private network") in told["whole"]
    assert "network" in marked["whole"]


def test_what_came_by_another_word_is_not_told_as_the_word_of_the_user(library: Library) -> None:
    values = [
        one.value
        for result in library.search("MFA", floor=0.99).results
        for one in result.reasons
        if one.type == "matched_words"
    ]

    assert values == []


def test_words_of_the_title_are_told() -> None:
    library = Library(Article(id="t", title="Spooler restarts", body="Open the console.", kind="how-to"))

    reasons = library.search("spooler", floor=0.99).results[0].reasons
    assert ("matched_words", "Spooler") in [(one.type, one.value) for one in reasons]


def test_words_are_looked_up_in_the_vocabulary_of_now_when_it_has_changed() -> None:
    changed = Expander(Vocabulary(glossary={**VOCABULARY.glossary, "Drucker": ("laser printer",)}))
    for _ in range(2):  # what is remembered of one vocabulary is no answer of another
        assert found("Der Drucker ist leer")[0][2] == ["printer"]
        assert [target.form for target in changed.expanded("Der Drucker ist leer").expansions[0].targets] == [
            "laser printer"
        ]


def test_the_longest_form_is_found_when_shorter_ones_begin_with_the_same_word() -> None:
    forms = {"Zugriff": ("access",), "Zugriff verweigert": ("access denied",), "Zugriff auf Dateien": ("file access",)}
    expander = Expander(Vocabulary(glossary=forms))
    written = {
        text: expander.expanded(text).expansions[0].written
        for text in ("kein Zugriff mehr", "wieder Zugriff verweigert", "der Zugriff auf Dateien geht")
    }
    assert [*written.values()] == ["Zugriff", "Zugriff verweigert", "Zugriff auf Dateien"]
