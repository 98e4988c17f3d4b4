"""Which files can be attached, what each is by its content, and what it is called."""

from __future__ import annotations

import re
import sys
from types import FrameType
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.attachment_references import place_of, references
from kb.attachments import (
    KINDS,
    LONGEST_NAME,
    checked_type,
    checked_upload,
    clean_name,
    content_type_of,
    markdown_for,
    prefix_of,
    served_as,
    shown_name,
    site_path,
)
from kb.errors import InvalidInput, TooLarge, WrongKind
from kb.picture_data import PICTURE_TYPES, without_notes
from tests.pictures import FILES, PLACE, archive, gif, jpeg, png, webp
from web.rendering import render

MOST = 2**20
NASTY_NAMES = [
    "../../../etc/passwd.png", "..\\..\\boot.png", "a\r\nSet-Cookie: x=1.png", 'quote".png', "it's.png", "<script>.png",
    "invoice\u202egnp.png", "zero\u200bwidth.png", "nul\0l.png", "con.png", "COM1.png", ".png", "..png", "a b.png",
    "[x](javascript:alert(1)).png", "100%.png", "a#b?c.png", "ü 日本.png", "x" * 400 + ".png", "file.tar.png", "-.png",
]  # fmt: skip
SCRIPT = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize("name", FILES)
def test_file_is_taken_when_name_and_content_agree(name: str) -> None:
    content_type = checked_type(name, FILES[name], MOST)

    kind = served_as(name, content_type)
    assert kind is not None
    assert kind.is_picture == (name.rpartition(".")[2] in ("png", "jpg", "jpeg", "gif", "webp"))


@pytest.mark.parametrize("content", FILES)
def test_file_is_refused_under_the_name_of_every_other_kind(content: str) -> None:
    content_type = content_type_of(FILES[content])

    for extension, kind in KINDS.items():
        if content_type not in kind.contents:
            with pytest.raises(InvalidInput, match="by its content"):
                checked_type(f"x.{extension}", FILES[content], MOST)


@pytest.mark.parametrize("extension", ["png", "jpg", "gif", "webp", "pdf", "zip", "gz", "docx", "pcap"])
@pytest.mark.parametrize("content", [SCRIPT, b"<svg onload='alert(1)'/>", b"MZ\x90\0\x03\0", b"\0\1\2", b" %PDF-1.7"])
def test_script_is_refused_when_its_name_says_otherwise(extension: str, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="by its content"):
        checked_upload(f"harmless.{extension}", content, MOST)


@pytest.mark.parametrize("name", ["x.svg", "x.html", "x.htm", "x.js", "x.exe", "x.png.svg", "x.xhtml", "x.md", "x"])
def test_kind_that_is_not_taken_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(WrongKind, match="use one of png"):
        checked_upload(name, SCRIPT, MOST)


def test_text_may_hold_a_script_and_is_served_as_text() -> None:
    for name in ("x.txt", "x.log", "x.xml", "x.csv", "x.json"):
        upload = checked_upload(name, SCRIPT, MOST)
        kind = served_as(name, upload.content_type)
        assert kind is not None
        assert kind.media_type in ("text/plain", "text/csv", "application/json")


def test_file_is_refused_when_it_is_empty_or_too_large() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        checked_upload("x.txt", b"", MOST)
    with pytest.raises(TooLarge, match=r"1\.0 MiB"):
        checked_upload("x.txt", b"x" * (MOST + 1), MOST)
    assert checked_upload("x.txt", b"x" * MOST, MOST).name == "x.txt"


def test_pasted_picture_without_a_name_gets_one() -> None:
    assert checked_upload("", png(), MOST).name == "file.png"
    assert checked_upload("blob", jpeg(), MOST).name == "blob.jpg"


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", png(notes=True)),
        ("image/jpeg", jpeg(orientation=1)),
        ("image/gif", gif(notes=True)),
        ("image/webp", webp(notes=True)),
    ],
)
def test_picture_is_kept_without_what_its_camera_noted_and_without_what_follows_it(
    media_type: str, content: bytes
) -> None:
    assert PLACE in content
    plain = {"image/png": png(), "image/jpeg": jpeg(), "image/gif": gif(), "image/webp": webp()}[media_type]
    polyglot = content + archive("evil.html") + SCRIPT

    assert without_notes(media_type, polyglot) == plain
    assert without_notes(media_type, plain) == plain


@pytest.mark.parametrize("unit", [b"\xff\x00", b"\xff\xd0", b"\xff"])
def test_scan_of_a_photo_is_walked_through_once_and_by_its_markers(
    unit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[str] = []

    def counting(media_type: str, content: bytes) -> bytes:
        walked.append(media_type)
        return without_notes(media_type, content)

    monkeypatch.setattr("kb.attachments.without_notes", counting)
    content = jpeg()[:-2] + unit * 2**20 + b"\xff\xd9"
    steps = [0]

    def traced(frame: FrameType, event: str, _: object) -> object:
        steps[0] += event == "line"
        return traced

    sys.settrace(traced)
    try:
        kept = checked_upload("", content, 2 * MOST + 200).content
    finally:
        sys.settrace(None)
    assert walked == ["image/jpeg"]
    assert steps[0] < 10_000
    assert kept == (jpeg() if unit == b"\xff" else content)


def test_photo_of_more_parts_than_any_camera_writes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        checked_upload("x.jpg", jpeg()[:-2] + b"\xff\xda\0\2" * 20_000 + b"\xff\xd9", MOST)


def test_turned_photo_stays_turned_without_its_place() -> None:
    kept = without_notes("image/jpeg", jpeg(orientation=6))

    assert PLACE not in kept
    assert b"Exif\0\0MM\0\x2a" in kept
    assert without_notes("image/jpeg", kept) == kept


@pytest.mark.parametrize("media_type", sorted(PICTURE_TYPES))
@settings(deadline=None)
@given(cut=st.integers(0, 200), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_damaged_picture_is_refused_or_made_whole_and_never_more(media_type: str, cut: int, at: int, byte: int) -> None:
    whole = {"image/png": png(), "image/jpeg": jpeg(), "image/gif": gif(), "image/webp": webp()}[media_type]
    damaged = bytearray(whole)
    damaged[at % len(whole)] = byte
    for content in (whole[: cut % len(whole)], bytes(damaged)):
        try:
            kept = without_notes(media_type, content)
        except InvalidInput:
            continue
        assert without_notes(media_type, kept) == kept
        assert content_type_of(kept) == media_type


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF89a", "PK\x03\x04"]))
def test_any_bytes_are_of_a_known_type_or_none(content: bytes, start: str) -> None:
    found = content_type_of(start.encode("latin-1") + content)

    assert found is None or any(found in kind.contents for kind in KINDS.values())


@settings(deadline=None)
@given(st.text(max_size=120) | st.sampled_from(NASTY_NAMES))
@example("\u202e.png")
@example("a" * 79 + "ﬃ.png")
def test_cleaned_name_needs_no_quoting_anywhere_and_stays_as_it_is(name: str) -> None:
    cleaned = clean_name(name)

    assert re.fullmatch(r"[\w-]+(\.[a-z0-9]{1,8})?", cleaned)
    assert len(cleaned) <= LONGEST_NAME
    assert clean_name(cleaned) == cleaned


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_picture_of_any_name_is_found_in_the_markdown_that_shows_it(name: str) -> None:
    sha256 = "0123456789abcdef" * 4
    cleaned = clean_name(name)
    path = site_path(sha256, cleaned)
    markdown = f"Text {markdown_for(sha256, cleaned)} text"

    assert references(markdown) == (path,)
    assert (prefix_of(path), shown_name(path)) == (sha256[:16], cleaned)
    html = render(markdown, attachments={path: sha256}).html
    assert html == (
        f'<p>Text <img loading="lazy" alt="{cleaned}" src="/attachments/{sha256}/{quote(cleaned)}"> text</p>'
    )


@pytest.mark.parametrize(
    ("markdown", "path"),
    [
        ("![x](a.png)", "a.png"),
        ("[x](../b/a.log 'title')", "../b/a.log"),
        ('![x](<my shot.png> "t")', "my shot.png"),
        ("![x](my shot.png)", "my shot.png"),
        ("![x](my%20shot.png)", "my shot.png"),
        ("![x](shot(1).png)", "shot(1).png"),
        ("![x](a&amp;b.png)", "a&b.png"),
        ("![x][a]\n\n[a]: a.png", "a.png"),
        ("> [a]: <a b.png>", "a b.png"),
        ("<img alt=x src=a.png>", "a.png"),
        ("<a href='a.pdf#page=2'>x</a>", "a.pdf"),
        ("[x](./a.PDF?raw=1)", "./a.PDF"),
        ("[![x](a.png)](b.png)", "a.png"),
    ],
)
def test_path_of_a_file_is_found_however_it_is_written(markdown: str, path: str) -> None:
    assert path in references(markdown)


@pytest.mark.parametrize(
    "address",
    ["https://x/a.png", "//x/a.png", "/a.png", "javascript:a.png", "C:a.png", "a\\b.png", "a%0ab.png", "%2Fetc.png",
     "#a.png", "data:image/png;a.png", "a%00.png"],
)  # fmt: skip
def test_address_that_is_no_path_of_a_file_beside_the_article_is_passed_over(address: str) -> None:
    assert references(f"![x]({address}) <img src='{address}'>") == ()
    html = render(f"![x]({address})", attachments={address: "0" * 64}).html
    assert "/attachments/" not in html


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "..", ".", "ü", "b c"]), min_size=1, max_size=6),
    st.sampled_from(["x.md", "a/b/x.md"]),
)
def test_path_leads_to_a_place_below_the_folder_or_nowhere(parts: list[str], article: str) -> None:
    place = place_of(article, "/".join(parts))

    assert place is None or not (place.startswith("/") or ".." in place.split("/"))


NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters='/\\<>"'), min_size=1, max_size=12
)


@settings(deadline=None)
@given(NAMES.map(str.strip).filter(bool), st.sampled_from(["![x](<{}>)", "![x]({})", '<img src="{}">']))
def test_every_picture_that_a_page_would_show_is_a_reference(name: str, form: str) -> None:
    path = f"files/{name}.png"
    markdown = form.format(quote(path))

    html = render(markdown, attachments={path: "0" * 64}).html
    if "/attachments/" in html:
        assert path in references(markdown)
    assert path in references(markdown) or ":" in name


def test_references_of_a_megabyte_are_found_in_a_moment() -> None:
    assert references("](" * 500_000) == ()
    assert references("[a]: " * 200_000) == ()
    assert len(references("![x](a.png)\n" * 80_000)) == 1
