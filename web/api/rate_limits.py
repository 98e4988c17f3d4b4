"""Limit how often a token asks, and how often an address fails or knocks, and tell so in headers that are true.

Windows are fixed: the first request begins one, and when it ends the whole quota is there again. So what is told can be
taken by its word: so many more requests until then. The price is that twice the limit may pass around the end of a
window; this guards against programs that run wild and against guessing, it meters nothing. Counts are in memory,
because one process answers; they begin anew when it does.

The headers are `RateLimit-Policy` and `RateLimit` as the IETF's working group has them (draft-ietf-httpapi-ratelimit-
headers-10), for the older `RateLimit-Reset` means seconds to some and the time of day to others.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from flask import Flask, Response, current_app, g, request

from web.problems import problem

WINDOW_S = 60
FAILURES = 60
"""Secrets, and signatures for one webhook, that an address may get wrong in a window.

Nobody guesses one of 256 bits; this saves the work of trying.
"""
MOST_REMEMBERED = 10_000
"""Tokens, each with the address it came from, that go on working while their address is blocked for guessing."""
BY_TOKEN, BY_ADDRESS, BY_FAILURES, BY_SIGNATURES = "token", "address", "failures", "signatures"
_View = TypeVar("_View", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit: `remaining` requests until the window ends in `ends_in` seconds, rounded up."""

    policy: str
    limit: int
    remaining: int
    ends_in: int
    is_exceeded: bool = False


@dataclass(frozen=True, slots=True)
class _Window:
    """How many requests came in a window, which ends at `ends` by the monotonic clock."""

    ends: float
    count: int = 0


class RateLimits:
    """The counts of one application; `per_minute` is the limit of a token, 0 for no limit of anything."""

    def __init__(self, per_minute: int):
        self.per_minute = per_minute
        self._windows: dict[tuple[str, str], _Window] = {}  # all are of one length: those that end first are first
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, policy: str, key: str, limit: int) -> Quota | None:
        """Count one request and return what is left, `None` where nothing is limited."""
        if not self.per_minute:
            return None
        with self._lock:
            now = self._forget_past()
            window = self._windows.get((policy, key), _Window(now + WINDOW_S))
            self._windows[policy, key] = window = replace(window, count=window.count + 1)
            return _quota(policy, limit, window, now)

    def is_used_up(self, policy: str, key: str, limit: int) -> Quota | None:
        """Return the quota when all of it was taken, and count nothing."""
        with self._lock:
            now = self._forget_past()
            window = self._windows.get((policy, key))
            if window is None or window.count < limit:
                return None
            return replace(_quota(policy, limit, window, now), is_exceeded=True)

    def is_blocked(self, address: str, secret_hash: str) -> Quota | None:
        """Return the quota of failures when an address has used it up, unless it sent this very secret before when it
        was right: who guesses must not lock out who shares the address.
        """
        return None if (address, secret_hash) in self._known else self.is_used_up(BY_FAILURES, address, FAILURES)

    def remember(self, address: str, secret_hash: str) -> None:
        """Remember that a secret was right."""
        with self._lock:
            self._known[address, secret_hash] = None
            self._known.move_to_end((address, secret_hash))
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)

    def forget(self, address: str, secret_hash: str) -> None:
        """Forget a secret that is right no more."""
        with self._lock:
            self._known.pop((address, secret_hash), None)

    def _forget_past(self) -> float:
        """Forget the windows that are over, and return the time."""
        now = time.monotonic()
        while self._windows and self._windows[first := next(iter(self._windows))].ends <= now:
            del self._windows[first]
        return now


def _quota(policy: str, limit: int, window: _Window, now: float) -> Quota:
    left = max(0, limit - window.count)
    return Quota(policy, limit, left, max(1, math.ceil(window.ends - now)), window.count > limit)


def install_rate_limits(app: Flask, per_minute: int) -> None:
    """Count the requests of an application, and tell in the answers what is left."""
    app.extensions["rate_limits"] = RateLimits(per_minute)
    app.after_request(_tell_quota)


def limited_by_address(view: _View) -> _View:
    """Mark a view that needs no token: each address may call it as often as a token may call the others."""
    view.fixlore_limited = True  # type: ignore[attr-defined]
    return view


def refuse_address() -> Response | None:
    """Count a request to a view that is limited by address; return 429 when there were too many."""
    return _counted(BY_ADDRESS, address_of(request.remote_addr), _limits().per_minute)


def refuse_token(name: str) -> Response | None:
    """Count a request of a token; return 429 when there were too many."""
    return _counted(BY_TOKEN, name, _limits().per_minute)


def refuse_guessing(secret_hash: str) -> Response | None:
    """Return 429 when the address has sent too many wrong secrets, before this one is looked up."""
    quota = _limits().is_blocked(address_of(request.remote_addr), secret_hash)
    return _refusal(quota) if quota is not None else None


def count_failure(secret_hash: str = "") -> None:
    """Count a wrong secret against the address that it came from."""
    address = address_of(request.remote_addr)
    _limits().forget(address, secret_hash)
    g.quota = _limits().take(BY_FAILURES, address, FAILURES)


def refuse_forging(webhook: str) -> Response | None:
    """Return 429 when the address has sent too many deliveries to this webhook that were not signed rightly."""
    quota = _limits().is_used_up(BY_SIGNATURES, _knocking_at(webhook), FAILURES)
    return _refusal(quota) if quota is not None else None


def count_forgery(webhook: str) -> None:
    """Count a missing or wrong signature against address and webhook: a secret that became stale in one ticket system
    must lock out neither tokens nor other systems behind the same address.
    """
    g.quota = _limits().take(BY_SIGNATURES, _knocking_at(webhook), FAILURES)


def _knocking_at(webhook: str) -> str:
    return f"{address_of(request.remote_addr)} {webhook}"


def note_success(secret_hash: str) -> None:
    """Remember that the address knows a right secret."""
    _limits().remember(address_of(request.remote_addr), secret_hash)


def address_of(address: str | None) -> str:
    """Return what counts as one address: of IPv6 the /64 network, which one customer has at least."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def _limits() -> RateLimits:
    limits: RateLimits = current_app.extensions["rate_limits"]
    return limits


def _counted(policy: str, key: str, limit: int) -> Response | None:
    g.quota = quota = _limits().take(policy, key, limit)
    return _refusal(quota) if quota is not None and quota.is_exceeded else None


def _refusal(quota: Quota) -> Response:
    g.quota = quota
    told = {
        BY_TOKEN: f"This token may make {quota.limit} requests a minute",
        BY_ADDRESS: f"This address may make {quota.limit} requests a minute",
        BY_FAILURES: "This address has sent too many tokens that are wrong",
        BY_SIGNATURES: "This address has sent too many deliveries whose signatures are wrong",
    }
    answer = problem(429, f"{told[quota.policy]}; try again in {quota.ends_in} s.")
    answer.headers["Retry-After"] = str(quota.ends_in)
    return answer


def _tell_quota(response: Response) -> Response:
    quota: Quota | None = g.get("quota")
    if quota is not None:
        response.headers["RateLimit-Policy"] = f'"{quota.policy}";q={quota.limit};w={WINDOW_S}'
        response.headers["RateLimit"] = f'"{quota.policy}";r={quota.remaining};t={quota.ends_in}'
    return response
