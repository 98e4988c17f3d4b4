"""Likely secrets and personal data are pointed out; examples, placeholders and numbers of other kinds are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.sensitive import MOST, hints_in

AWS = "AKIA" + "Q3EGRIXJLHSDF2PA"
GITHUB = "ghp_" + "a1B2" * 9
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "private_key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private_key"),
        (f"key {AWS} in use", "token"),
        (f"token {GITHUB}", "token"),
        ("Authorization: Bearer 9f86d081884c7d659a2feaa0c55ad015", "token"),
        (f"Cookie {JWT}", "jwt"),
        ("password=hunter2", "password"),
        ("DB_PASSWORD: s3cr3t!x", "password"),
        ("Das Kennwort lautet Sommer2026!", "password"),
        ('"client_secret": "abcdefgh"', "password"),
        ("das Kennwort lautet Hase7!", "password"),
        ("Passwort Sommer2024", "password"),
        ("with the password Winter2025! as agreed", "password"),
        ("mysql -h db01 -u root -pS3cret!x orders", "password"),
        ("curl -s -u admin:Secret12 https://gateway.test/", "password"),
        ("postgresql://app:h7Kq2x@db01.corp.test/orders", "connection_string"),
        ("AccountKey=abcdefghijklmnop1234==;EndpointSuffix", "connection_string"),
        ("write to anna.berg@firma-nord.de please", "email"),
        ("call +49 30 901820 today", "phone"),
        ("Tel. 030 / 901820-12", "phone"),
        ("phone (030) 90182012", "phone"),
        ("IBAN DE89 3704 0044 0532 0130 00", "iban"),
        ("GB82WEST12345698765432", "iban"),
    ],
)
def test_what_looks_like_a_secret_or_a_person_is_pointed_out_with_its_place(text: str, kind: str) -> None:
    (found,) = hints_in(f"one\ntwo\n{text}\n")
    assert (found.kind, found.line) == (kind, 3)
    assert found.is_secret == (kind not in ("email", "phone", "iban"))
    assert found.start >= len("one\ntwo\n")


@pytest.mark.parametrize(
    "text",
    [
        "Password: must be changed by the user",
        "Forgot password: self-service reset",
        "password=<your password>",
        "password: ********",
        "token=$TOKEN api_key={{ key }} secret=%SECRET%",
        '$password = Read-Host "Enter it"',
        "Passwort: zurücksetzen",
        "key AKIAXXXXXXXXXXXXXXXX",
        "user@example.com, admin@corp.example.org, git@gitlab.firma.de:ops",
        "https://vpn.example.com:8443/path",
        "2026-02-16 07:00:00 CET to 2026-02-16 09:35, 10.20.30.40, build 10.0.22631.3155",
        "error 0x80070005, KB5034441, event 4625, ORA-12154",
        "DE00 1234 5678 9012 3456 78",
        "-----BEGIN CERTIFICATE-----",
        "Kennwort lautet anders!",
        '"KB_TOKEN": "kb_…"',
        "the password policy 2024, Kennwort Manager, password hash SHA256",
        "mysql -u root -p orders; mysql -P3306 -p$PASSWORD; mysql -p<password>",
        "curl -u user:password https://x.test, curl -u $USER:$PASS https://x.test, curl -u <name>:<token> x",
        "00000000-0000-0000-0000-000000000000",
    ],
)
def test_placeholders_codes_and_times_are_not_pointed_out(text: str) -> None:
    assert hints_in(text) == ()


def test_hints_come_in_order_and_are_bounded() -> None:
    found = hints_in("a.b@firma.de " * 3 + "\npassword=hunter2\n")
    assert [one.kind for one in found] == ["email"] * 3 + ["password"]
    assert len(hints_in("a.b@firma.de\n" * 1000)) == MOST


@given(st.lists(st.sampled_from(["password=", "x1!", "@", "a.de", " ", "+49", "123", "\n", "DE89", "eyJ"])))
def test_hints_lie_in_the_text_and_apart(parts: list[str]) -> None:
    text = "".join(parts)
    end = 0
    for one in hints_in(text):
        assert end <= one.start < one.end <= len(text)
        assert one.line == text.count("\n", 0, one.start) + 1
        end = one.end
