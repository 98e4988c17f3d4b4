"""The words of an article's file name, and when they say more than its title."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.file_names import name_words, says_more


@pytest.mark.parametrize(
    ("document_id", "words"),
    [
        ("exchange/cannot-open-mailbox", "cannot open mailbox"),
        ("cannot-open-mailbox", "cannot open mailbox"),
        ("a/deep/folder/foo_bar--baz", "foo bar baz"),
        ("alerts/KubePodCrashLooping", "Kube Pod Crash Looping"),
        ("alerts/etcdNoLeader", "etcd No Leader"),
        ("web/HTTPServerError", "HTTP Server Error"),
        ("druck/ÜberlaufFehler", "Überlauf Fehler"),
        ("druck/%C3%9Cberlauf%20der-Warteschlange", "Überlauf der Warteschlange"),
        ("outlook/v2.1", "v2.1"),
        ("kb/README.md", "README"),
        ("pages/reset-a-password.html.erb", "reset a password"),
        ("notes/Reset-Password.MD", "Reset Password"),
        ("a/.md", ""),
        ("a/-_-", ""),
        ("a/", ""),
    ],
)
def test_the_words_of_a_file_name_are_those_of_its_last_part(document_id: str, words: str) -> None:
    assert name_words(document_id) == words


@given(st.text(max_size=40))
def test_the_words_of_a_file_name_stand_apart_by_single_spaces(document_id: str) -> None:
    name = name_words(document_id)
    assert name == name.strip()
    assert not {"-", "_", "\n"} & set(name)
    assert "  " not in name


@pytest.mark.parametrize(
    ("name", "title", "more"),
    [
        ("cannot open mailbox", "Event 1009", True),
        ("cannot open mailbox", "Cannot open the mailbox!", False),
        ("CANNOT open Mailbox", "cannot open mailbox", False),
        ("cannot open shared mailbox", "Cannot open mailbox", True),
        ("mailbox", "Event 1009", False),  # one word alone says too little
        ("", "Event 1009", False),
        ("open mailbox", "", True),
        ("Größe überschritten", "GRÖSSE überschritten", False),
    ],
)
def test_a_file_name_says_more_when_one_of_its_words_is_missing_in_the_title(name: str, title: str, more: bool) -> None:
    assert says_more(name, title) is more


@given(st.lists(st.text("abcdefß", min_size=1, max_size=5), max_size=5))
def test_a_file_name_of_the_titles_own_words_never_says_more(words: list[str]) -> None:
    assert not says_more(" ".join(words), " - ".join([*reversed(words), "and more"]))
