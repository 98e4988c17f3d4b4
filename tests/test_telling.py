"""What a pasted mail, log or stack trace tells, and what of it is another every time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.analysis import mail
from kb.analysis.telling import kind_of, telling_title, told
from kb.analysis.volatile import without_volatile

MAIL = """Von: Erika Muster <e.muster@example.org>
Gesendet: Dienstag, 5. März 2024 10:15
An: Helpdesk
Betreff: AW: [Ticket#4711] Outlook startet nicht

Hallo zusammen,

es kommt Fehler 0x80070005, seit dem 08.09.2021.

Mit freundlichen Grüßen
Erika Muster
Abteilung Einkauf
Tel. 030 1234

-----Ursprüngliche Nachricht-----
From: Helpdesk
To: Erika Muster
Subject: RE: Outlook

> Bitte das Protokoll schicken.
Diese E-Mail enthält vertrauliche Informationen.
"""

LOG = """Please see the log:
2024-03-01T10:15:01.120Z INFO [main] starting
2024-03-01T10:15:01.123Z ERROR [worker-7] pool failed after 30012 ms, requestId=ab12-99
java.lang.IllegalStateException: pool closed
\tat java.util.Queue.poll(Queue.java:88)
\tat org.example.Pool.get(Pool.java:88)
\tat org.example.Pool.open(Pool.java:40)
\tat org.example.Main.main(Main.java:9)
Caused by: java.net.ConnectException: ECONNREFUSED 10.1.2.3:5432
\t... 12 more
Mar  5 10:15:01 web01 nginx[1234]: connect() failed (111: Connection refused), client: 10.0.0.1:54321
2024-03-01T10:15:09.999Z ERROR [worker-9] pool failed after 30044 ms, requestId=cd34-11
"""


def test_mail_tells_subjects_and_sentences_only() -> None:
    lines = [line for line in told(MAIL).text.splitlines() if line]

    assert lines == [
        "Outlook startet nicht",
        "es kommt Fehler 0x80070005, seit dem 08.09.2021.",
        "Outlook",
        "Bitte das Protokoll schicken.",
    ]


def test_log_tells_each_error_once_with_the_first_frames_of_the_application() -> None:
    assert told(LOG).text.splitlines() == [
        "Please see the log:",
        "ERROR pool failed after ,",
        "java.lang.IllegalStateException: pool closed",
        "at org.example.Pool.get",
        "at org.example.Pool.open",
        "Caused by: java.net.ConnectException: ECONNREFUSED 10.1.2.3:5432",
        "web01 nginx: connect() failed (111: Connection refused), client: 10.0.0.1",
    ]
    assert told(LOG).errors == (
        "ERROR pool failed after ,",
        "java.lang.IllegalStateException: pool closed",
        "Caused by: java.net.ConnectException: ECONNREFUSED 10.1.2.3:5432",
        "web01 nginx: connect() failed (111: Connection refused), client: 10.0.0.1",
    )
    assert "org.example" not in told(LOG).gist
    assert told(LOG).gist.startswith("Please see the log:\nERROR pool failed")


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("2024-03-01 10:15:01,123 +0100 WARN disk full", "WARN disk full"),
        ("[2024-03-01 10:15:01] disk full", "disk full"),
        ("05.03.2024 10:15:01 Datenträger voll", "Datenträger voll"),
        ("01-12 10:11:12.123: E/Camera(  311): no camera", "E/Camera: no camera"),
        ("E/Web Console( 311): no camera", "E/Web Console: no camera"),
        ("sshd[4711]: Failed password", "sshd: Failed password"),
        ("instance id i-0af31 stopped", "stopped"),
        ("message id 4f1a-99 lost", "lost"),
        ("[  12.345678] usb 1-1: device descriptor read failed", "usb 1-1: device descriptor read failed"),
        ("object com.example.Pool@1a2b3c4d is closed", "object com.example.Pool is closed"),
        ("fault at 0x00007ff6a1b2c3d4 in module", "fault at in module"),
        ("[http-nio-8080-exec-3] refused", "refused"),
        ("Trace ID: 1b3a1aef-830e-4253-bf2b-198df7c6b70d denied", "denied"),
        ("Correlation ID 1b3a1aef-830e-4253-bf2b-198df7c6b70d denied", "denied"),
        ("session_id=af12 expired", "expired"),
        ("PID: 4711 was killed", "was killed"),
        ("at example.Pool.get(Pool.java:88)", "at example.Pool.get"),
        ("broken at /srv/app/main.js:181:20", "broken at /srv/app/main.js"),
        ('File "/srv/app.py", line 12, in run', 'File "/srv/app.py", in run'),
        (r"in C:\app\File.cs:line 12", r"in C:\app\File.cs"),
        ("from 10.0.0.1:54321 to 10.0.0.2:443", "from 10.0.0.1 to 10.0.0.2:443"),
        ("request took 123 ms", "request took"),
    ],
)
def test_line_loses_what_changes_every_time(line: str, rest: str) -> None:
    assert without_volatile(line) == rest


@pytest.mark.parametrize(
    "line",
    [
        "Since 08.09.2021 the disk is full.",
        "Fails every 10 minutes",
        "Error 0x80070005, Event ID 4625, KB5034441",
        "0xFFFFFFFF80070005",
        "CLSID {00020906-0000-0000-C000-000000000046} is not registered",
        "Port 443 is closed",
        "line 12 is busy",
        "10:15:01",
        "Error(1603): installation failed",
        "Fehler (1603): Installation abgebrochen",
        "Setup ended, exit code(3010): restart",
        "Win32Exception (5): Access is denied",
        "Error[1603]: installation failed",
        "Instance ID 1014 from DNS client",
        "InstanceId: 2147484656",
        "Message ID 10040.",
    ],
)
def test_line_stays_when_it_only_resembles_what_changes(line: str) -> None:
    assert without_volatile(line) == line


@pytest.mark.parametrize(
    ("title", "rest"),
    [
        ("RE: AW: [#123] printer offline", "printer offline"),
        ("[Ticket#2024051310000012] printer offline", "printer offline"),
        ("WG: Fwd: [EXTERN] Drucker", "Drucker"),
        ("printer offline [Ticket: 4711]", "printer offline"),
        ("RE:", "RE:"),
        ("[404] error", "[404] error"),
        ("(KB5066835) keyboard dead", "(KB5066835) keyboard dead"),
        ("Recovery fails", "Recovery fails"),
        ("[iOS] crash", "[iOS] crash"),
        ("RE: Error(1603): installation failed", "Error(1603): installation failed"),
        ("Fehler (1603): Drucker", "Fehler (1603): Drucker"),
        ("Instance ID 1014", "Instance ID 1014"),
    ],
)
def test_title_loses_the_marks_of_replies_and_ticket_systems_only(title: str, rest: str) -> None:
    assert telling_title(title) == rest


@pytest.mark.parametrize(
    "line",
    [
        "To: is the field that stays empty",
        "Hello world is not shown on the start page",
        "Regards to the printer, it never prints",
        "Thanks to the update nothing works",
        "Best practice analyser reports nothing",
        "From here on every login is slow.",
        "From: /old",
        "Hallo mein Drucker druckt nicht, was tun?",
        "Hi the VPN drops every minute, please help.",
        "Hello VPN",
        "Dear printer queue, it is stuck again",
        "LG Monitor",
        "VG Display Adapter",
        "Warning: external monitor is not detected",
        "Warning: the external mail server is down",
        "Warning: external mail server is down",
        "Please consider the environment variable JAVA_HOME is empty",
        "Denken Sie an die Umweltvariable PATH",
        "The traffic originated from outside",
    ],
)
def test_sentence_stays_when_it_begins_like_decoration(line: str) -> None:
    assert told(f"{line}\nIt is broken.").text.splitlines() == [line, "It is broken."]


@pytest.mark.parametrize(
    "line",
    [
        "Hi Jane,",
        "hallo zusammen",
        "Hello everyone",
        "Dear Support Team,",
        "Sehr geehrte Damen und Herren,",
        "Sehr geehrter Herr Prof. Dr. Müller,",
        "Hallo liebes IT-Team!",
        "Guten Tag Frau Muster",
        "Hi Jane and team,",
        "CAUTION: This email originated from outside of the organization.",
        "Warning: external sender",
        "ACHTUNG: Diese E-Mail stammt von einem externen Absender.",
        "Please consider the environment before printing this e-mail.",
    ],
)
def test_greeting_or_disclaimer_goes(line: str) -> None:
    assert told(f"{line}\nIt is broken.").text == "It is broken."


def test_sentence_stays_when_it_follows_a_greeting_on_its_line() -> None:
    assert told("Hi Jane, the VPN drops every minute.").text == "the VPN drops every minute."


@pytest.mark.parametrize(
    "closing", ["LG", "VG,\nJane Doe", "VG Jane", "LG Jane Doe\n\nTel. 030 1234\njane@example.org"]
)
def test_closing_of_two_letters_goes_when_it_stands_alone_or_with_a_name(closing: str) -> None:
    assert told(f"It is broken.\n{closing}").text == "It is broken."


def test_two_letters_stay_when_a_sentence_follows_the_name_behind_them() -> None:
    assert told("LG Monitor\nflickers when docked").text == "LG Monitor\nflickers when docked"


def test_pair_of_from_and_to_stays_when_it_is_no_mail_header() -> None:
    assert told("From: /old\nTo: /new\nThe share was moved.").text.splitlines() == [
        "From: /old",
        "To: /new",
        "The share was moved.",
    ]


@pytest.mark.parametrize(
    "header",
    [
        "From: Jane Doe\nSent: Monday\nTo: Helpdesk",
        "From: jane@example.org\nTo: helpdesk@example.org",
        "Von: Erika Muster\nAn: Helpdesk\nBetreff:",
    ],
)
def test_header_goes_when_it_names_day_address_or_subject(header: str) -> None:
    assert told(f"{header}\nIt is broken.").text == "It is broken."


class HeaderPattern:
    """The pattern of header lines, counting how often it is tried."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.tried = 0

    def fullmatch(self, text: str) -> re.Match[str] | None:
        self.tried += 1
        return self.pattern.fullmatch(text)


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch) -> HeaderPattern:
    counted = HeaderPattern(mail._HEADER)
    monkeypatch.setattr(mail, "_HEADER", counted)
    return counted


@pytest.mark.parametrize("line", ["From: a", "To: a", "Subject: a"])
def test_lines_like_headers_are_tried_a_fixed_number_of_times_each(line: str, headers: HeaderPattern) -> None:
    assert mail.without_decoration([line] * 1_000) == [line] * 1_000
    assert headers.tried <= 2_001


def test_blank_lines_are_tried_against_no_pattern(headers: HeaderPattern) -> None:
    lines = ["It is broken.", *[""] * 500, "  ", "Regards", *[""] * 500]

    assert mail.without_decoration(lines) == ["It is broken.", *[""] * 500, "  "]
    assert headers.tried == 2


def test_error_stays_when_it_follows_a_signature() -> None:
    text = "It is broken.\nBest regards\nJane\nIT department\nError 0x80070005 in setup.log"

    assert told(text).text.splitlines() == ["It is broken.", "Error 0x80070005 in setup.log"]


def test_log_stays_when_it_names_no_error() -> None:
    text = "2024-03-01 10:15:01 INFO started\n2024-03-01 10:15:02 INFO stopped"

    assert told(text).text.splitlines() == ["INFO started", "INFO stopped"]


@pytest.mark.parametrize(
    "line",
    [
        "10:30 User says pages come out blank",
        "2026-11-20 09:12 Customer says the VPN drops every minute",
        "20.11.2026 09:12 - fileserver.contoso.local is slow",
        "[2026-11-20 09:12:33] Jane: it is slow [#4711]",
        "WARNING The paper tray smells burnt",
        "at startup (every morning)",
        "at around 10:30",
        "at the terminal server, port 443 (only there)",
        "bei der Anmeldung (nur am Terminalserver",
        "#1 Open Outlook",
        "#2 Outlook (as admin) stays white",
        "#3 Copy file(s)",
    ],
)
def test_line_that_a_person_wrote_is_prose_when_it_begins_like_a_log_or_a_frame(line: str) -> None:
    assert kind_of(line) == "prose"
    assert without_volatile(line) in told(f"It is broken.\n{line}").text


@pytest.mark.parametrize(
    "line",
    [
        "10:30 INFO started",
        "2026-11-20 09:12:33 [main] started",
        "2026-11-20 09:12:33 [worker-7] started",
        "2026-11-20 09:12:33 org.example.Pool - opened",
        "2026-11-20T09:12:33Z started",
        "09:12:33.123 started",
        "Nov 20 09:12:33 web01 kernel: usb found",
        "[  12.345678] usb 1-1: new device",
        "2026-11-20 09:12:33 10.0.0.1 GET /index.html 200",
        "[INFO] Scanning for projects",
        "INFO: Scanning for projects",
        "INFO 2026-11-20 09:12:33 started",
        "WARN  o.e.Pool - slow",
    ],
)
def test_line_with_a_time_or_a_level_is_a_log_when_more_speaks_for_it(line: str) -> None:
    assert kind_of(line) == "log"


@pytest.mark.parametrize("line", ["2026-11-20 09:12:3{} service started", "INFO service {} started"])
def test_lines_that_begin_alike_are_a_log_when_there_are_several(line: str) -> None:
    assert told("\n".join(["It is broken.", *(line.format(number) for number in range(3))])).text == "It is broken."
    assert len(told("\n".join(["It is broken.", line.format(1), line.format(2)])).text) > len("It is broken.")


def test_notes_to_the_minute_stay_when_there_are_several() -> None:
    notes = [f"10:3{number} User says pages {number} come out blank" for number in range(4)]

    assert len(told("\n".join(notes)).text.splitlines()) == 4


@pytest.mark.parametrize(
    "line",
    [
        "    at java.base/java.util.Queue.poll(Queue.java:88)",
        "at org.example.Main.main(Unknown Source)",
        "at run(Main.java:12)",
        "   at System.IO.File.Open(String path)",
        "   bei Example.Shop.Cart.<Add>d__5.MoveNext() in C:\\shop\\Cart.cs:Zeile 12.",
        "at Example.Map`2[TKey, TValue].Get(TKey key)",
        "at Example.Pool.Get (System.String name) [0x00012] in <4a1>:0",
        "    at async load (/srv/app/main.js:181:20)",
        "    at /srv/app/main.js:181:20",
        "    at Array.forEach (<anonymous>)",
        "    at processTicksAndRejections (node:internal/process/task_queues:95:5)",
        "#0  0x00007f12 in raise () from /lib/libc.so.6",
        "#1  main (argc=1) at main.c:5",
        "#2 {main}",
        "#3 /srv/www/index.php(12): Pool->get()",
        "#04 pc 0001b2c4  /system/lib/libc.so (abort+64)",
    ],
)
def test_frame_is_one_in_the_form_of_each_platform(line: str) -> None:
    assert kind_of(line) == "frame"


PIECES = st.one_of(
    st.sampled_from([*MAIL.splitlines(), *LOG.splitlines(), "-- ", "> > x", "}", "Hi,", "Thanks", ""]),
    st.text(max_size=60),
)


@given(st.lists(PIECES, max_size=20).map("\n".join))
def test_something_stays_of_every_text_that_has_anything(text: str) -> None:
    assert bool(told(text).text.strip()) == bool(text.strip())
    assert bool(told(text).gist.strip()) == bool(text.strip())


@given(st.lists(PIECES, max_size=20).map("\n".join))
def test_what_tells_gets_no_longer(text: str) -> None:
    assert len(told(text).gist) <= len(told(text).text) <= len(text)


@given(st.text(max_size=80))
def test_something_stays_of_every_title(title: str) -> None:
    assert bool(telling_title(title)) == bool(title)


@pytest.mark.parametrize(
    "part",
    [
        "a.",
        "[main",
        "at a ",
        "> ",
        "(",
        "1:",
        "a(",
        '"',
        "=",
        "0xf",
        "{",
        " ",
        "Re: ",
        "[#1",
        "a=b",
        "$a",
        "at a.",
        "#1 a",
    ],
)
def test_long_line_is_read_in_few_steps_when_it_is_made_against_patterns(part: str) -> None:
    # A pattern that runs along the line again and again would not end within the time limit of a test.
    line = part * 20_000

    assert told(line).text
    assert telling_title(line)
