"""Languages told apart: short support texts, long documents, other scripts, nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language import detect_language

GERMAN = """Outlook startet nicht|Drucker druckt nicht|VPN bricht ab|Passwort vergessen|Anmeldung fehlgeschlagen
Kein Zugriff auf Laufwerk|Fehler 809 beim Verbinden|Bildschirm bleibt schwarz|E-Mail lässt sich nicht senden
Teams stürzt ab|Netzlaufwerk fehlt|Postfach voll|Rechner sehr langsam|Zertifikat abgelaufen|Datei gesperrt
Server nicht erreichbar|Excel hängt sich auf|Druckerwarteschlange|Kennwort zurücksetzen|Zugriff verweigert
Ordner freigeben|fuer den Benutzer koennen keine Daten geladen werden|Ereignis-ID 4625|Citrix Sitzung getrennt
SAP GUI: Anmeldefehler nach Update|Office Aktivierung fehlgeschlagen|VPN-Verbindung|SSL-Zertifikat""".replace("\n", "|")

ENGLISH = """Outlook won't start|Printer not printing|VPN drops|Forgot password|Login failed|Error 809 when connecting
Black screen|Cannot send email|Teams crashes|Mapped drive missing|Mailbox full|Computer very slow|Certificate expired
WiFi connection unstable|File locked|Server unreachable|Print queue|Reset password|Access denied|Out of disk space
Event ID 4625 is logged every hour|red hat man page|die roll was file|BitLocker recovery key|Monitor flickers
Müller GmbH tenant cannot sign in|VPN connection|Share a folder""".replace("\n", "|")


@pytest.mark.parametrize("text", GERMAN.split("|"))
def test_language_is_german_when_a_short_text_is(text: str) -> None:
    assert detect_language(text) == "de"


@pytest.mark.parametrize("text", ENGLISH.split("|"))
def test_language_is_english_when_a_short_text_is(text: str) -> None:
    assert detect_language(text, default="en") == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Impossible de se connecter au serveur, une erreur est survenue lors de la mise à jour", "fr"),
        ("No se puede conectar con el servidor porque la contraseña no es válida para este usuario", "es"),
        ("Il server non è raggiungibile quando si accede alla rete con questo utente", "it"),
        ("De printer kan niet worden gevonden en er is geen verbinding met het netwerk", "nl"),
        ("Não é possível conectar ao servidor quando o usuário está em casa", "pt"),
        ("Nie można połączyć się z serwerem, ponieważ hasło nie jest ważne dla tego użytkownika", "pl"),
        ("Не удаётся подключиться к серверу", "ru"),
        ("サーバーに接続できません", "ja"),
        ("无法连接到服务器", "zh"),
        ("서버에 연결할 수 없습니다", "ko"),
    ],
)
def test_language_is_another_one_when_script_or_words_leave_no_doubt(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text", ["", "   ", "12345", "0x80070005", "SAP", "/var/log/messages", "🙂", "C:\\Temp\\und.txt"]
)
def test_language_is_the_default_when_nothing_tells(text: str) -> None:
    assert detect_language(text) == "en"
    assert detect_language(text, default="de") == "de"


def test_language_is_that_of_the_prose_when_a_log_follows() -> None:
    log = "ERROR connection reset by peer while reading from the upstream server\n" * 20
    report = "Seit heute morgen können sich die Benutzer der Filiale nicht mehr anmelden. " * 12
    assert detect_language(report + log) == "de"
    assert detect_language(log) == "en"


def test_language_of_a_long_text_is_decided_by_its_beginning() -> None:
    german = "Der Drucker im Erdgeschoss druckt nicht mehr. " * 200
    assert detect_language(german + "the printer is not printing " * 10_000) == "de"


@given(st.text(max_size=200), st.sampled_from(["en", "de"]))
def test_language_is_a_code_and_the_same_every_time(text: str, default: str) -> None:
    language = detect_language(text, default)
    assert language == detect_language(text, default)
    assert len(language) == 2
    assert language.isalpha()


def test_language_is_the_default_of_each_question_when_the_same_text_is_asked_about_again() -> None:
    assert [detect_language("x1 404", default) for default in ("en", "de", "en")] == ["en", "de", "en"]
