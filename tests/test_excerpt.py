"""Which part of a long log is read: the lines that name an error, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.analysis.excerpt import access_status, telling_excerpt
from kb.analysis.telling import told

FATAL = "FATAL:  sorry, too many clients already"
READ = 60_000


def access_line(number: int, status: int = 200) -> str:
    """Return one line of nginx, another one for each number."""
    address = f"10.{number % 7}.{number % 251}.{number % 199 + 1}"
    return f'{address} - - [26/Nov/2025:09:11:02 +0100] "GET /items/{number} HTTP/1.1" {status} 812 "-" "curl/8.5.0"'


def log_of(size: int, *lines: str, status: int = 200) -> str:
    """Return about as many characters of access lines, with lines in the middle."""
    count = size // len(access_line(1000))
    half = [access_line(number, status) for number in range(count // 2)]
    return "\n".join([*half, *lines, *half])


@pytest.mark.parametrize("size", [8_000, 21_000, 86_000, 200_000, 1_000_000])
@pytest.mark.parametrize("status", [200, 404], ids=["answered", "refused"])
def test_error_line_is_read_when_it_stands_in_the_middle_of_a_long_log(size: int, status: int) -> None:
    found, is_cut = telling_excerpt(log_of(size, FATAL, status=status), READ)

    assert FATAL in found.splitlines()
    assert (len(found) <= READ, is_cut) == (True, size > READ)


def test_error_line_is_read_with_what_stands_beside_it_when_other_lines_have_no_level() -> None:
    noise = [f"step {number} of the nightly copy went well" for number in range(40_000)]
    noise[20_000:20_000] = ["copying orders", FATAL, "at org.example.Pool.open(Pool.java:40)"]
    found = telling_excerpt("\n".join(noise), 12_000)[0].splitlines()

    assert found[found.index(FATAL) - 1 : found.index(FATAL) + 2] == noise[20_000:20_003]
    assert (found[0], found[-1]) == (noise[0], noise[-1])


def test_loud_lines_are_read_when_words_of_failure_stand_everywhere() -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
    noise = [f"retry {words[at % 8]}{words[at // 8 % 8]}{'x' * (at % 97)} failed" for at in range(20_000)]
    found, _ = telling_excerpt("\n".join([*noise, FATAL, *noise]), 12_000)

    assert FATAL in found.splitlines()
    assert len(found) <= 12_000


def test_error_is_read_when_the_text_is_one_line() -> None:
    found, _ = telling_excerpt(f"{'x ' * 300_000}{FATAL}{' y' * 300_000}", 12_000)

    assert FATAL in found


def test_access_lines_tell_nothing_when_other_lines_tell() -> None:
    assert told(log_of(5_000, FATAL)).text == FATAL
    assert told(access_line(1)).text.count("10.1.1.2") == 1
    assert access_line(2, 502).partition('"')[2] in told(f"The shop is slow.\n{access_line(2, 502)}").text


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (access_line(3), 200),
        ('::1 - web [26/Nov/2025:09:11:02 +0100] "POST /a HTTP/2.0" 503 -', 503),
        ('The proxy logs "GET /a HTTP/1.1" and stops.', None),
        (FATAL, None),
    ],
)
def test_status_is_that_of_an_access_line(line: str, status: int | None) -> None:
    assert access_status(line) == status


LINES = st.one_of(st.sampled_from([FATAL, access_line(1), access_line(2, 500), "", "all is well"]), st.text())


@given(st.lists(LINES, max_size=30), st.integers(40, 400))
def test_excerpt_keeps_the_order_and_its_length_and_drops_not_everything(lines: list[str], longest: int) -> None:
    text = "\n".join(lines)
    found, is_cut = telling_excerpt(text, longest)
    rest = iter(text.splitlines())

    assert len(found) <= longest
    assert is_cut == (len(text) > longest)
    if is_cut and max(map(len, text.splitlines())) <= longest // 4:
        assert all(line in rest for line in found.splitlines())
        assert found.strip() or not text.strip()


@pytest.mark.parametrize(
    "part", ['"GET ', "error ", "1.1.1.1 HTTP/", "a-", "kann ", "error\n", '1234567 "GET a HTTP/1.1"']
)
def test_long_text_is_read_in_few_steps_when_it_is_made_against_patterns(part: str) -> None:
    # A pattern that runs along a line again and again would not end within the time limit of a test.
    assert telling_excerpt(part * 200_000, READ)[0]
