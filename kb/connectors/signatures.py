"""Tell whether a delivery comes from who knows the secret, in the way its system signs. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from kb.connectors.times import TimeReader
from kb.errors import InvalidInput

METHODS = ("hmac", "header", "basic")
ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
ENCODINGS = ("hex", "base64")
Refusal = Literal["no_signature", "wrong_signature", "too_old"]
_UTC = TimeReader()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How a system shows that it knows the secret.

    `hmac`: `header` holds `prefix` and the HMAC of `signed`, in which `{body}` stands for the raw body and
    `{timestamp}` for the text of `timestamp_header`. `header`: `header` holds `prefix` and the secret itself. `basic`:
    HTTP basic authentication as `user`. A timestamp may be `tolerance_s` seconds from now.
    """

    method: str = "hmac"
    header: str = ""
    prefix: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    signed: str = "{body}"
    timestamp_header: str = ""
    tolerance_s: int = 300
    user: str = ""
    delivery_header: str = ""
    """The header that holds the delivery's own id, empty where the system sends none."""

    def content(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Return the bytes that are signed."""
        timestamp = headers.get(self.timestamp_header.lower(), "") if self.timestamp_header else ""
        parts = self.signed.encode().split(b"{body}")
        return body.join(part.replace(b"{timestamp}", timestamp.encode("latin-1", "replace")) for part in parts)

    def expected(self, secret: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return what the header must hold."""
        if self.method == "header":
            return f"{self.prefix}{secret}"
        if self.method == "basic":
            return "Basic " + base64.b64encode(f"{self.user}:{secret}".encode()).decode()
        digest = hmac.new(secret.encode(), self.content(headers, body), getattr(hashlib, self.algorithm)).digest()
        return self.prefix + (base64.b64encode(digest).decode() if self.encoding == "base64" else digest.hex())

    def refusal(self, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Refusal | None:
        """Return why a delivery is not believed, `None` when it is. Compares in constant time.

        Names in `headers` are in lower case.
        """
        name = "Authorization" if self.method == "basic" else self.header
        given = headers.get(name.lower(), "").strip()
        if not given:
            return "no_signature"
        if not hmac.compare_digest(given.encode("latin-1", "replace"), self.expected(secret, headers, body).encode()):
            return "wrong_signature"
        return "too_old" if self.timestamp_header and self._is_off(headers, now) else None

    def _is_off(self, headers: Mapping[str, str], now: datetime) -> bool:
        try:
            moment = _UTC.read(headers.get(self.timestamp_header.lower(), ""))
        except InvalidInput:
            return True
        return abs((now.astimezone(UTC) - moment).total_seconds()) > self.tolerance_s

    @property
    def is_dated(self) -> bool:
        """Say whether the time is under the signature, so that no two deliveries sign the same bytes."""
        return self.method == "hmac" and bool(self.timestamp_header) and "{timestamp}" in self.signed
