"""Words: surfaces, stems, stop words, parts of compounds and of names."""

from __future__ import annotations

import pytest

from kb.analysis.analyse import analyse, analyse_query, highlights
from kb.analysis.compounds import split_compound
from kb.analysis.folding import fold, without_umlauts


def terms(text: str, language: str = "en") -> tuple[str, ...]:
    return analyse(text, language).terms


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("printed", "Printing", "en"),
        ("connection", "connected", "en"),
        ("the user's mailbox", "users mailboxes", "en"),
        ("E-Mails", "email", "en"),
        ("Verbindung", "Verbindungen", "de"),
        ("Drucker", "des Druckers", "de"),
        ("Häuser", "Haus", "de"),
        ("Straße", "Strasse", "de"),
        ("Müller", "Mueller", "de"),
        ("Müller", "Muller", "de"),
        ("für größere Räume", "fuer groessere Raeume", "de"),
        ("ÜBERTRAGUNG", "übertragung", "de"),
        ("Ｓｅｒｖｅｒ", "server", "en"),
        ("Cafe\u0301", "café", "en"),
        ("zero\u200bwidth", "zerowidth", "en"),
    ],
)
def test_terms_agree_when_spellings_mean_the_same_word(one: str, other: str, language: str) -> None:
    assert terms(one, language) == terms(other, language) != ()


@pytest.mark.parametrize("word", ["queue", "blue", "value", "issue", "user", "does", "goes", "poet"])
def test_english_words_keep_their_vowels_when_folded(word: str) -> None:
    assert fold(word) == word
    assert analyse(word, "en").surfaces == (word,)


@pytest.mark.parametrize("word", ["Quelle", "neue", "Bauer", "Steuer", "genaue"])
def test_german_vowel_pairs_stay_when_they_are_no_umlaut(word: str) -> None:
    assert without_umlauts(fold(word)) == fold(word)


def test_surface_of_an_umlaut_is_its_written_out_form() -> None:
    assert analyse("Müller Mueller Straße", "de").surfaces == ("mueller", "mueller", "strasse")


def test_english_document_with_an_umlaut_is_found_by_each_spelling() -> None:
    document = set(terms("Mr Müller cannot print", "en"))
    for spelling in ("Müller", "Mueller", "Muller"):
        word = analyse_query(spelling).words[0]
        assert document.intersection(word.alternatives), spelling


@pytest.mark.parametrize("written", ["Müller", "Mueller", "Muller"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_query_with_an_umlaut_finds_each_spelling(written: str, language: str) -> None:
    assert set(terms(written, language)).intersection(analyse_query("Müller").words[0].alternatives)


def test_camel_case_is_split_when_it_has_umlauts() -> None:
    assert terms("ÄnderungsÜbersicht", "de")[1:3] == ("ander", "ubersicht")


def test_stop_words_have_a_surface_but_no_terms() -> None:
    words = analyse("the server is down", "en").words
    assert [(word.surface, word.terms) for word in words] == [
        ("the", ()),
        ("server", ("server",)),
        ("is", ()),
        ("down", ("down",)),
    ]


@pytest.mark.parametrize("text", ["can't", "can’t", "dont", "We'll", "e.g.", "z. B.", "x"])
def test_words_without_meaning_have_no_terms(text: str) -> None:
    assert terms(text, "de" if text.startswith("z") else "en") == ()


def test_a_lone_digit_stays_a_term_when_a_lone_letter_does_not() -> None:
    assert terms("Windows 7 on drive X", "en") == ("window", "7", "drive")


def test_decimal_numbers_stay_one_word() -> None:
    assert terms("costs 2.75 more than 3.5", "en") == ("cost", "2.75", "3.5")


@pytest.mark.parametrize(
    ("compound", "parts"),
    [
        ("Druckerwarteschlange", ("drucker", "warteschlange")),
        ("Anmeldefehler", ("anmelde", "fehler")),
        ("Netzwerkverbindungen", ("netzwerk", "verbindungen")),
        ("Zertifikatsfehler", ("zertifikat", "fehler")),
        ("Passwortrücksetzung", ("passwort", "rucksetzung")),
        ("Netzlaufwerksbuchstabe", ("netz", "laufwerk", "buchstabe")),
        ("Gruppenrichtlinienverwaltung", ("gruppe", "richtlinie", "verwaltung")),
        ("Benutzerkontensteuerung", ("benutzer", "konten", "steuerung")),
        ("Remotedesktopverbindung", ("remote", "desktop", "verbindung")),
        ("Exchangeserver", ("exchange", "server")),
        ("Postfachgroesse", ("postfach", "grosse")),
        ("Adressbuchsynchronisierung", ("adressbuch", "synchronisierung")),
    ],
)
def test_compound_is_split_when_listed_parts_cover_it(compound: str, parts: tuple[str, ...]) -> None:
    assert split_compound(fold(compound)) == parts


@pytest.mark.parametrize(
    "word",
    [
        "Laufwerk",
        "Netzwerk",
        "Leistung",
        "Verwaltung",
        "Unterstützung",
        "Dienstag",
        "Anleitung",
        "Minderung",
        "Server",
        "Unternehmen",
        "untersuchen",
        "fehlende",
        "Überschrift",
        "Zeitraum",
        "",
        "x" * 200,
    ],
)
def test_compound_is_not_split_when_it_is_one_idea_or_not_covered(word: str) -> None:
    assert split_compound(fold(word)) == ()


def test_german_document_is_found_by_a_part_of_its_compound() -> None:
    document = analyse("Die Druckerwarteschlange lässt sich nicht leeren.", "de").terms
    word = analyse_query("Warteschlange", ("de",)).words[0]
    assert word.alternatives[0] in document
    assert document[0] == "druckerwarteschlang"


def test_german_query_has_its_compound_first_and_the_parts_apart() -> None:
    word = analyse_query("Druckerwarteschlange").words[0]
    assert word.alternatives == ("druckerwarteschlang",)
    assert word.parts == ("druck", "warteschlang")


def test_compounds_are_not_split_in_english() -> None:
    assert terms("fensterserver", "en") == ("fensterserv",)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("NullPointerException", {"nullpointerexcept", "null", "pointer"}),
        ("AlertmanagerClusterDown", {"alertmanagerclusterdown", "alertmanag", "cluster", "down"}),
        ("HTTPServer", {"httpserver", "http", "server"}),
        ("ERR_CONNECTION_RESET", {"err_connection_reset", "err", "connect", "reset"}),
        ("office365", {"office365", "offic", "365"}),
        (r"C:\Windows\System32\drivers\etc\hosts", {"window", "system32", "driver", "host"}),
        ("/etc/nginx/nginx.conf", {"/etc/nginx/nginx.conf", "nginx", "conf"}),
        ("mail.example.org", {"mail.example.org", "mail", "exampl"}),
        ("Ti.UI.createWindow", {"ti.ui.createwindow", "ti", "ui", "createwindow", "creat", "window"}),
        ("https://docs.example.org/reset-password", {"doc", "exampl", "reset", "password"}),
    ],
)
def test_whole_token_and_its_parts_are_terms(token: str, expected: set[str]) -> None:
    assert expected <= set(terms(token))


@pytest.mark.parametrize("plural", ["APIs", "VMs", "URLs"])
def test_plural_of_an_abbreviation_is_found_by_the_abbreviation(plural: str) -> None:
    assert terms(plural[:-1])[0] in terms(plural)
    assert plural.lower() == analyse(plural, "en").surfaces[0]


def test_hyphenated_words_are_separate_words() -> None:
    assert analyse("Exchange-Server sign-in", "en").surfaces == ("exchange", "server", "sign", "in")


def test_sentence_punctuation_and_markup_are_no_part_of_words() -> None:
    text = "*Bold*, `code`: (brackets) \"quotes\" 'single' _under_ end."
    assert analyse(text, "en").surfaces == ("bold", "code", "brackets", "quotes", "single", "under", "end")


def test_timestamps_and_addresses_are_no_terms_when_their_date_is_one() -> None:
    assert terms("2021-09-08T00:21:11.596Z 10:15:01 0x00007ff6a1b2c3d4 crashed") == ("2021-09-08", "crash")


def test_unknown_language_is_analysed_like_english_when_a_regional_one_like_its_own() -> None:
    assert terms("connections", "fr") == terms("connections", "en")
    assert terms("Verbindungen", "de-AT") == terms("Verbindungen", "de")
    assert terms("connections", "") == ("connect",)


def test_query_leaves_out_stop_words_of_its_language() -> None:
    query = analyse_query("die VPN Verbindung bricht ab")
    assert [word.surface for word in query.words] == ["vpn", "verbindung", "bricht", "ab"]
    assert query.surfaces == ("die", "vpn", "verbindung", "bricht", "ab")


def test_query_keeps_words_that_are_stop_words_of_the_other_language_only() -> None:
    assert [word.surface for word in analyse_query("red hat man page").words] == ["red", "hat", "man", "page"]


def test_query_of_stop_words_alone_keeps_them() -> None:
    assert [word.surface for word in analyse_query("to be or not to be").words] == ["to", "be", "or", "not", "to", "be"]


def test_query_word_has_the_stem_of_each_language_once() -> None:
    assert analyse_query("connections").words[0].alternatives == ("connect", "connection")
    assert analyse_query("server").words[0].alternatives == ("server", "serv")
    assert analyse_query("server", ("en",)).words[0].alternatives == ("server",)
    assert analyse_query("vpn").words[0].alternatives == ("vpn",)


def test_highlights_are_merged_ranges_of_matching_words_and_identifiers() -> None:
    text = "Error 0x80070005: access to the printers is denied"
    spans = highlights(text, "en", {"printer", "deni"}, {"0x80070005"})
    assert [text[start:end] for start, end in spans] == ["0x80070005", "printers", "denied"]
    assert highlights(text, "en", {"absent"}, {"0x1"}) == ()


def test_highlights_mark_a_quoted_phrase_by_its_surfaces() -> None:
    assert highlights("the print queue", "en", {"the", "print"}, set()) == ((0, 3), (4, 9))


def test_highlights_cover_the_longest_match_once_when_matches_are_nested() -> None:
    text = "Event ID 4625 was logged"
    assert highlights(text, "en", {"event"}, {"event id 4625", "4625"}) == ((0, 13),)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "ä",
        "1",
        "/",
        "\\",
        ".",
        "a.",
        "a/",
        "a-",
        "a:",
        "1.",
        "C:\\a b ",
        "%A%\\",
        "a@",
        "http://a/",
        "Error 12, ",
        "0x80070005",
        "e\u0301",
        "漢字",
        "anmeldefehler",
        "550 5.1.1 ",
        "event id ",
        "\u00ad",
        "_",
        "-1",
        "aB",
        "[",
        " ",
    ],
)
def test_long_text_of_one_kind_is_analysed(unit: str) -> None:
    text = unit * (40_000 // len(unit))
    for language in ("en", "de"):
        analysis = analyse(text, language)
        assert all(len(term) <= 100 for word in analysis.words for term in word.terms)
        assert all(len(word.surface) <= 512 for word in analysis.words)
