"""Identifiers: what is one, its canonical value, its place; and what is none."""

from __future__ import annotations

import pytest

from kb.analysis.analyse import analyse, analyse_query
from kb.analysis.figures import hresult


def identified(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(each.value, each.kind) for each in analyse(text, language).identifiers]


def values(text: str) -> list[str]:
    return [value for value, _ in identified(text)]


ALONE: list[tuple[str, str, str]] = [
    ("0x80070005", "0x80070005", "error_code"),
    ("0X8007000E", "0x8007000e", "error_code"),
    ("80070005", "0x80070005", "error_code"),
    ("c000021A", "0xc000021a", "error_code"),
    ("-2147024891", "0x80070005", "error_code"),
    ("-1073741819", "0xc0000005", "error_code"),
    ("2147942405", "0x80070005", "error_code"),
    ("0xFFFFFFFF80070005", "0x80070005", "error_code"),
    ("0x7E", "0x7e", "error_code"),
    ("0x0000007e", "0x0000007e", "error_code"),
    ("0x33bd724a", "0x33bd724a", "code"),
    ("ORA-12154", "ora-12154", "code"),
    ("ora-12154", "ora-12154", "code"),
    ("ACSD-54007", "acsd-54007", "code"),
    ("MS17-010", "ms17-010", "code"),
    ("AADSTS50076", "aadsts50076", "code"),
    ("aadsts50076", "aadsts50076", "code"),
    ("ERR_CONNECTION_RESET", "err_connection_reset", "error_code"),
    ("DRIVER_IRQL_NOT_LESS_OR_EQUAL", "driver_irql_not_less_or_equal", "code"),
    ("innodb_buffer_pool_size", "innodb_buffer_pool_size", "code"),
    ("ECONNREFUSED", "econnrefused", "error_code"),
    ("CrashLoopBackOff", "crashloopbackoff", "error_code"),
    ("Set-OrganizationConfig", "set-organizationconfig", "code"),
    ("KB5034441", "kb5034441", "kb"),
    ("kb-5034441", "kb5034441", "kb"),
    ("CVE-2024-3094", "cve-2024-3094", "cve"),
    ("NullPointerException", "nullpointerexception", "exception"),
    ("nullpointerexception", "nullpointerexception", "exception"),
    ("TypeError", "typeerror", "exception"),
    ("srv-01.corp.local", "srv-01.corp.local", "host"),
    ("Outlook.Office365.com", "outlook.office365.com", "host"),
    ("outlook.office365.com", "outlook.office365.com", "host"),
    ("SRV01.CORP.LOCAL", "srv01.corp.local", "host"),
    ("BER-FS02", "ber-fs02", "host"),
    ("10.20.30.40", "10.20.30.40", "ip"),
    ("10.20.30.0/24", "10.20.30.0", "ip"),
    ("fe80::1", "fe80::1", "ip"),
    ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1", "ip"),
    ("2.4.6-p1", "2.4.6-p1", "version"),
    ("v2.4", "2.4", "version"),
    ("10.0.19045", "10.0.19045", "version"),
    ("16.0.4266.1001", "16.0.4266.1001", "version"),
    ("1B3A1AEF-830E-4253-BF2B-198DF7C6B70D", "1b3a1aef-830e-4253-bf2b-198df7c6b70d", "guid"),
    ("{1b3a1aef-830e-4253-bf2b-198df7c6b70d}", "1b3a1aef-830e-4253-bf2b-198df7c6b70d", "guid"),
    ("/etc/nginx/sites-enabled", "/etc/nginx/sites-enabled", "path"),
    (r"HKLM\Software\Policies", "hklm/software/policies", "path"),
    (r"%APPDATA%\Microsoft\Outlook", "%appdata%/microsoft/outlook", "path"),
    ("kernel32.dll", "kernel32.dll", "path"),
    ("__init__.py", "__init__.py", "path"),
]


@pytest.mark.parametrize(("text", "value", "kind"), ALONE)
def test_identifier_has_its_canonical_value_when_it_stands_alone(text: str, value: str, kind: str) -> None:
    assert identified(text) == [(value, kind)]


@pytest.mark.parametrize(("text", "value", "kind"), ALONE)
@pytest.mark.parametrize("frame", ["{}", "see {}.", "({})", '"{}",', "`{}`:", "**{}**", "Fehler: {}!", "a\n{}\nb"])
def test_identifier_is_the_same_when_punctuation_surrounds_it(text: str, value: str, kind: str, frame: str) -> None:
    framed = frame.format(text)
    found = [each for each in analyse(framed, "en").identifiers if (each.value, each.kind) == (value, kind)]
    assert len(found) == 1
    assert framed[found[0].start : found[0].end].strip("{}").rstrip("/") in text


IN_CONTEXT = [
    ("Event ID 4625", ["event id 4625", "4625"]),
    ("event-id: 4625", ["event id 4625", "4625"]),
    ("Ereignis-ID 4625", ["event id 4625", "4625"]),
    ("EventID=4625", ["event id 4625", "4625"]),
    ("Event IDs 4625, 4740 and 4771", ["event id 4625", "4625", "event id 4740", "4740", "event id 4771", "4771"]),
    ("Ereignis-IDs 27 und 1014", ["event id 27", "27", "event id 1014", "1014"]),
    ("error 809", ["809"]),
    ("Error: 809", ["809"]),
    ("Fehler 809", ["809"]),
    ("VPN-Fehler-809", ["809"]),
    ("Fehlercode: 1603", ["1603"]),
    ("error code is 5", ["5"]),
    ("Error -1011", ["-1011"]),
    ("[Errno 13]", ["13"]),
    ("ERROR 1045 (28000)", ["1045"]),
    ("exit code 137", ["137"]),
    ("HTTP 503", ["http 503", "503"]),
    ("HTTP/1.1 503", ["http 503", "503"]),
    ("HTTP-Fehler 503", ["http 503", "503"]),
    ("status code 404", ["http 404", "404"]),
    ("503 Service Unavailable", ["http 503", "503"]),
    ("405 error", ["http 405", "405"]),
    ("550 5.1.1", ["550 5.1.1", "5.1.1"]),
    ("#550 5.7.134", ["550 5.7.134", "5.7.134"]),
    ("550-5.7.1", ["550 5.7.1", "5.7.1"]),
    ("KB 5034441", ["kb5034441"]),
    ("KB-Artikel 923575", ["kb923575"]),
    ("KB number: &nbsp;923575", ["kb923575"]),
    ("ora 12154", ["ora-12154"]),
    ("Version 2.4", ["2.4"]),
    ("SQLSTATE[HY000] [2002]", ["hy000", "2002"]),
]


@pytest.mark.parametrize(("text", "expected"), IN_CONTEXT)
def test_number_is_an_identifier_when_a_cue_announces_it(text: str, expected: list[str]) -> None:
    assert values(text) == expected
    assert set(expected) <= {each.value for each in analyse_query(text).identifiers}


@pytest.mark.parametrize(
    "text",
    [
        "4625 people",
        "costs 809 euros",
        "error in 2 of 10 runs",
        "errors 50 %",
        "at 10:15:01",
        "2021-09-08 00:21:11",
        "08.09.2021",
        "0x00007ff6a1b2c3d4",
        "00:1A:2B:3C:4D:5E",
        "and/or",
        "TCP/IP",
        "z.B.",
        "page.Next",
        "#ff0000",
        "metadata.name",
        "Ti.App",
        "it.no",
        "SharePoint",
        "sign-in",
        "2.4 GHz",
        "UTF-8",
        "IE11",
        "mid-2023",
        "asp.net",
        "someone@example.org",
        "default",
        "terror",
        "exception",
        "Fehler",
        "com.example.Main",
        "/help",
        "office365",
    ],
)
def test_text_is_no_identifier_when_it_only_resembles_one(text: str) -> None:
    assert identified(text) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"C:\Windows\System32\drivers\etc\hosts", "c:/windows/system32/drivers/etc/HOSTS"),
        (r"C:\\Windows\\Temp\\", r"c:\windows\temp"),
        (r"\\server\share\a.txt", "//SERVER/share/a.txt"),
    ],
)
def test_paths_agree_when_only_slashes_and_case_differ(one: str, other: str) -> None:
    assert set(values(one)) & set(values(other))
    assert analyse(one, "en").words[0].terms[0].lstrip("/") == analyse(other, "en").words[0].terms[0].lstrip("/")


def test_path_on_a_drive_may_have_spaces_when_a_folder_follows() -> None:
    text = r"Run C:\Program Files\Microsoft Office\root\OUTLOOK.EXE and wait"
    path, file = analyse(text, "en").identifiers
    assert path.value == "c:/program files/microsoft office/root/outlook.exe"
    assert (file.value, text[file.start : file.end]) == ("outlook.exe", "OUTLOOK.EXE")
    assert analyse(text, "en").surfaces == ("run", path.value, "and", "wait")


def test_path_yields_its_file_when_a_line_number_follows() -> None:
    assert values("/srv/app/main.py:181: oops") == ["/srv/app/main.py", "main.py"]
    assert values(r"C:\app\main.js:12") == ["c:/app/main.js", "main.js"]


def test_qualified_exception_is_found_by_its_class() -> None:
    text = "java.lang.NullPointerException: null"
    (found,) = analyse(text, "en").identifiers
    assert (found.value, text[found.start : found.end]) == ("nullpointerexception", "NullPointerException")
    assert analyse(text, "en").terms[0] == "java.lang.nullpointerexception"


def test_web_address_yields_its_host_and_the_code_it_names() -> None:
    assert identified("https://www.example.org/a/error-0x8004DEC5.html?x=1") == [
        ("example.org", "host"),
        ("0x8004dec5", "error_code"),
    ]
    assert identified("http://10.0.0.1:8080/x") == [("10.0.0.1", "ip")]


def test_prefixed_code_is_found_behind_other_text() -> None:
    assert values("NET::ERR_CERT_DATE_INVALID") == ["err_cert_date_invalid"]
    assert values("Error:ORA-12154:TNS") == ["ora-12154"]
    assert values("ORA-12154/ORA-03113") == ["ora-12154", "ora-03113"]


def test_identifier_is_whole_in_the_terms() -> None:
    terms = analyse("got ERR_CONNECTION_RESET and 0x80070005 (-2147024891) with KB5034441", "en").terms
    assert terms.count("0x80070005") == 2
    assert {"err_connection_reset", "kb5034441"} <= set(terms)


def test_short_code_is_found_as_a_word_when_its_zeros_are_missing() -> None:
    assert "0x7e" in analyse("stop 0x0000007E", "en").terms
    assert "0x7e" in analyse_query("0x7e").words[0].alternatives


def test_stack_trace_yields_its_telling_lines_only() -> None:
    trace = """2024-03-01T10:15:01.123Z ERROR [worker-7] 0x00007ff6a1b2c3d4
java.lang.IllegalStateException: pool closed
\tat org.example.Pool.get(Pool.java:88)
Caused by: java.net.ConnectException: ECONNREFUSED 10.1.2.3:5432"""
    assert values(trace) == ["illegalstateexception", "pool.java", "connectexception", "econnrefused", "10.1.2.3"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (-2147024891, "0x80070005"),
        (-1073741819, "0xc0000005"),
        (2147942405, "0x80070005"),
        (2147483647, None),
        (-5, None),
        (0, None),
        (-1879048193, "0x8fffffff"),
        (-1879048192, None),
    ],
)
def test_decimal_is_an_hresult_only_when_it_can_be_nothing_else(number: int, code: str | None) -> None:
    assert hresult(number) == code


@pytest.mark.parametrize("number", ["809", "4625", "50076"])
def test_bare_number_is_an_identifier_in_a_query_when_it_is_none_in_a_document(number: str) -> None:
    assert [each.value for each in analyse_query(f"{number} vpn").identifiers] == [number]
    assert values(f"{number} vpn") == []


@pytest.mark.parametrize("number", ["7", "42", "1234567"])
def test_bare_number_is_no_identifier_in_a_query_when_it_is_too_short_or_long(number: str) -> None:
    assert analyse_query(f"{number} vpn").identifiers == ()


def test_negative_number_of_a_query_is_tried_with_its_sign_too() -> None:
    assert [each.value for each in analyse_query("-1011 vpn").identifiers] == ["-1011", "1011"]
    assert [each.value for each in analyse_query("x-1011 vpn").identifiers] == ["1011"]


def test_identifier_of_a_query_is_reported_once_when_a_cue_announces_it() -> None:
    assert [each.value for each in analyse_query("error 809").identifiers] == ["809"]


def test_values_are_equal_in_both_languages() -> None:
    text = "Fehler 809 in srv01.corp.local, KB5034441"
    assert identified(text, "de") == identified(text, "en")


def test_identifiers_of_an_enumeration_are_limited() -> None:
    assert 10 < len(values("Event IDs " + ", ".join(str(1000 + each) for each in range(500)))) < 100


@pytest.mark.parametrize("typed", ["jira-318", "get-mailbox", "Set-Mailbox"])
def test_carelessly_typed_code_is_found_in_a_query(typed: str) -> None:
    document = analyse(f"See {'JIRA-318' if typed.startswith('j') else typed.title()}.", "en")
    asked = {each.value for each in analyse_query(f"what about {typed}?").identifiers}
    assert asked.intersection(each.value for each in document.identifiers) == {typed.lower()}


@pytest.mark.parametrize("text", ["sign-in", "add-ins", "error-404x", "a.b-318", "one-two-318"])
def test_hyphenated_words_of_a_query_are_no_codes(text: str) -> None:
    assert not [each for each in analyse_query(text).identifiers if each.kind == "code"]
