"""What is read of a ZIP archive, and what is never unpacked."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest

from kb.archive_parts import MOST_PARTS, archive_of
from kb.attachments import content_type_of

_TEXT = "application/vnd.oasis.opendocument.text"


def _archive(parts: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as writing:
        for name, content in parts.items():
            writing.writestr(name, content)
    return packed.getvalue()


def test_archive_is_told_by_the_names_in_it() -> None:
    assert content_type_of(_archive({"mimetype": _TEXT.encode(), "content.xml": b"<x/>"})) == _TEXT
    assert content_type_of(_archive({"a.txt": b"x"})) == "application/zip"
    word = _archive({"[Content_Types].xml": b"", "word/document.xml": b""})
    assert str(content_type_of(word)).endswith("wordprocessingml.document")
    assert archive_of(_archive({"ä.txt": b"x"}, zipfile.ZIP_DEFLATED)) is not None


def test_archive_with_long_sizes_is_read() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writing, writing.open("a.txt", "w", force_zip64=True) as part:
        part.write(b"x")

    assert archive_of(packed.getvalue()).names == {"a.txt"}  # type: ignore[union-attr]


def test_compressed_part_is_not_unpacked_when_it_declares_to_be_small() -> None:
    content = bytearray(_archive({"mimetype": b"\0" * 2**25}, zipfile.ZIP_DEFLATED))
    size = (2**25).to_bytes(4, "little")
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = (40).to_bytes(4, "little")
    tracemalloc.start()
    try:
        assert content_type_of(bytes(content)) == "application/zip"
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_archive_of_many_parts_is_read_up_to_a_number_whatever_it_declares() -> None:
    directory = b"PK\x01\x02" + b"\0" * 24 + b"\x01\0" + b"\0" * 16 + b"a"
    content = b"PK\x03\x04" + directory * (6 * MOST_PARTS)
    size = len(content) - 4
    content += b"PK\x05\x06" + b"\0" * 4 + b"\x01\0\x01\0" + size.to_bytes(4, "little") + b"\0" * 6
    tracemalloc.start()
    try:
        assert content_type_of(content) == "application/zip"
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("cut", [1, 10, 30, 60])
def test_archive_is_none_when_its_directory_is_cut(cut: int) -> None:
    content = _archive({"a.txt": b"x"})

    assert archive_of(content) is not None
    assert archive_of(content[:-cut]) is None
