"""Say what a token looks like, what is stored of it, and which scopes there are. No web framework in here."""

from __future__ import annotations

import hashlib
import secrets

SCOPES = ("read", "feedback", "tickets:write", "articles:write", "admin")


def new_secret() -> str:
    """Return a fresh token: 256 random bits, recognisable in logs by its prefix."""
    return f"kb_{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """Return what is stored of a token. A 256-bit random secret needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
