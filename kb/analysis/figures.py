"""Figures: hexadecimal codes, GUIDs, dates and times, network addresses and version numbers."""

from __future__ import annotations

import ipaddress
import re

from kb.analysis.shape import Shape, whole_shape

_HEX = re.compile(r"0[xX]([0-9A-Fa-f]{1,16})[uUlL]{0,3}")
_BARE_HRESULT = re.compile(r"[8Cc](?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]{7}")
_SIGNED = re.compile(r"-\d{9,10}|\d{10}")
_WIN32_HRESULTS = range(0x80070000, 0x80080000)
_ADDRESS_DIGITS = 9
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ISO_TIME = re.compile(
    r"((?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01]|[1-9]))(?:[T_.-]?\d\d[:.\dZ+-]{0,24})?"
)
_DATE = re.compile(r"(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|[12]\d|3[01])\1(?:19|20)\d\d")
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_IPV4 = re.compile(r"((?:\d{1,3}\.){3}\d{1,3})(?::\d{1,5}|/\d{1,2})?")
_IPV6 = re.compile(r"(?=[^:]*:[^:]*:)(?=\D*\d)([0-9A-Fa-f:.]{3,45})(?:%\w{1,15}|/\d{1,3})?")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_RELEASE = (
    r"(?:[-+_.]?(?:p|px|rc|beta|alpha|sp|cu|el|dev|ga|snapshot|final|release|hotfix|build|lts|r|u|v|ce|ee)[.-]?\d{0,14}"
    r"|[.-][0-9a-f]{6,9}|[a-z]\d{0,2})"
)
_VERSION = re.compile(
    rf"v?(\d{{1,6}}(?:\.\d{{1,6}}){{2,4}}{_RELEASE}?|(?<=v)\d{{1,6}}\.\d{{1,6}}{_RELEASE}?"
    r"|\d{1,6}\.\d{1,6}-?(?:p|rc|beta|alpha|sp|cu)\d{1,3})",
    re.IGNORECASE,
)


def hex_shape(token: str) -> Shape | None:
    """Know `0x80070005` and the forms that certainly mean the same: `80070005`, `-2147024891`, `2147942405`.

    Leading zeros stay in the value, since products differ in writing them; the form without is one more term.
    A code that fills more than eight digits is a memory address, which is another one in every run.
    """
    match = _HEX.fullmatch(token)
    if match is None:
        code = "0x" + token.lower() if _BARE_HRESULT.fullmatch(token) else None
        if _SIGNED.fullmatch(token):
            code = hresult(int(token))
        return whole_shape(code, "error_code", len(token)) if code else None
    digits = match[1].lower().lstrip("0")
    if len(digits) == 16 and digits.startswith("ffffffff") and digits[8] in "8c":
        digits = digits[8:]  # the same code, extended to 64 bits with its sign
    elif len(digits) >= _ADDRESS_DIGITS or len(match[1]) == 16:
        return Shape("", parts=False)
    # Codes have a severity (the first digit) or are small; the rest may be anything, such as a 32-bit address.
    certain = len(digits) <= 4 or (len(digits) == 8 and digits[0] in "8cde")
    value = "0x" + (match[1].lower() if len(match[1]) <= 8 else digits)
    also = f"0x{digits or '0'}"
    return whole_shape(value, "error_code" if certain else "code", len(token))._replace(
        also=also if also != value else ""
    )


def hresult(number: int) -> str | None:
    """Return the canonical form of a signed or unsigned decimal that can only be an HRESULT or NTSTATUS, else None.

    Signed: the top hex digit of its 32 bits is 8 or C. Unsigned: a Win32 error wrapped in an HRESULT (0x8007....).
    """
    bits = number + 0x1_0000_0000 if number < 0 else number
    if (number < 0 and bits >> 28 in (0x8, 0xC)) or bits in _WIN32_HRESULTS:
        return f"0x{bits:08x}"
    return None


def guid_shape(token: str) -> Shape | None:
    """Know a GUID."""
    return whole_shape(token.lower(), "guid", len(token)) if _GUID.fullmatch(token) else None


def time_shape(token: str) -> Shape | None:
    """Know dates, which stay findable, and times of day, which are no terms: neither is an identifier."""
    if match := _ISO_TIME.fullmatch(token):
        return Shape(re.sub("[/.]", "-", match[1]), parts=False)
    if _DATE.fullmatch(token):
        return Shape(token, parts=False)
    return Shape("", parts=False) if _CLOCK.fullmatch(token) else None


def address_shape(token: str) -> Shape | None:
    """Know IP addresses (without port or prefix length, IPv6 compressed) and MAC addresses."""
    if match := _IPV4.fullmatch(token):
        # An octet above 255 makes it a version with four parts.
        fits = all(int(octet) < 256 for octet in match[1].split("."))
        return whole_shape(match[1], "ip" if fits else "version", match.end(1))
    if _MAC.fullmatch(token):
        return Shape(token.lower().replace("-", ":"), parts=False)
    if match := _IPV6.fullmatch(token):
        try:
            return whole_shape(str(ipaddress.IPv6Address(match[1])), "ip", match.end(1))
        except ValueError:
            return None
    return None


def version_shape(token: str) -> Shape | None:
    """Know versions: three or more numbers, or two with a "v" or a release tag; the "v" is no part of the value."""
    match = _VERSION.fullmatch(token)
    return whole_shape(match[1].lower(), "version", len(token)) if match else None
