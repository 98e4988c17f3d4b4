"""Small files of every kind, made by their formats' rules."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

PLACE = b"GPS 48.137154 11.576124"
"""What a camera notes, and nobody who sends a picture means to tell."""


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(colour: bytes = b"\xff\0\0", *, notes: bool = False) -> bytes:
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    told = chunk(b"tEXt", b"Comment\0" + PLACE) + chunk(b"eXIf", PLACE) if notes else b""
    data = chunk(b"IDAT", zlib.compress(b"\0" + colour))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + told + data + chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    entries = struct.pack("<HHHIHH", 1, 0x0112, 3, 1, orientation, 0) + struct.pack("<I", 0)
    return b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, 8) + entries + PLACE


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(*, orientation: int | None = None) -> bytes:
    """Return what has the segments of a JPEG; its pixels mean nothing."""
    notes = segment(0xE1, exif(orientation)) + segment(0xED, PLACE) + segment(0xFE, PLACE) if orientation else b""
    frame = segment(0xC0, struct.pack(">BHHBBBB", 8, 1, 1, 1, 1, 0x11, 0))
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + b"\1\1\0\0\1\0\1\0\0") + notes + frame + scan + b"\xff\xd9"


def gif(*, notes: bool = False) -> bytes:
    told = b"\x21\xfe" + bytes([len(PLACE)]) + PLACE + b"\0" if notes else b""
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    picture = b"\x2c\0\0\0\0\1\0\1\0\0\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + loop + told + picture + b"\x3b"


def webp(*, notes: bool = False) -> bytes:
    def part(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    body = part(b"VP8X", bytes([0x08 if notes else 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])) + part(b"VP8L", b"\x2f\0\0\0\0\x07")
    body += part(b"EXIF", PLACE) if notes else b""
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def archive(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        for name in names:
            opened.writestr(zipfile.ZipInfo(name), "x")
    return held.getvalue()


FILES = {
    "shot.png": png(),
    "photo.jpg": jpeg(),
    "photo.jpeg": jpeg(orientation=6),
    "moving.gif": gif(),
    "shot.webp": webp(),
    "plan.pdf": b"%PDF-1.7\n%%EOF\n",
    "notes.txt": "Grüße".encode(),
    "server.log": b"10:00 link down\n",
    "table.csv": b"a;b\n1;2\n",
    "answer.json": b'{"a": 1}',
    "config.xml": b"<?xml version='1.0'?><a/>",
    "all.zip": archive("a.log"),
    "core.gz": gzip.compress(b"x", mtime=0),
    "trace.pcap": b"\xd4\xc3\xb2\xa1" + bytes(20),
    "trace.pcapng": b"\x0a\x0d\x0d\x0a" + bytes(24),
    "guide.docx": archive("[Content_Types].xml", "word/document.xml"),
    "list.xlsx": archive("[Content_Types].xml", "xl/workbook.xml"),
    "talk.pptx": archive("[Content_Types].xml", "ppt/presentation.xml"),
}
"""Name → content of one file of nearly every kind that can be attached."""
