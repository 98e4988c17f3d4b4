"""Read the times that ticket systems write: with an offset, without one, as a number, or as a pattern says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from kb.documents import JSON
from kb.errors import ConfigurationError, InvalidInput

_MILLISECONDS_FROM = 100_000_000_000
"""A number from here on counts milliseconds: as seconds it would lie in the year 5138."""


@dataclass(frozen=True, slots=True)
class TimeReader:
    """How a mapping reads times: the zone of those without an offset, and patterns beside ISO 8601."""

    zone: tzinfo = UTC
    patterns: tuple[str, ...] = ()

    def read(self, value: JSON) -> datetime:
        """Return an aware time in UTC.

        Takes ISO 8601, a number of seconds or milliseconds since 1970 (in digits too), and the patterns of
        `datetime.strptime`. Raises InvalidInput, without naming a field.
        """
        try:
            return self._moment(value).astimezone(UTC)
        except (ValueError, OverflowError, OSError) as error:
            shown = str(value)[:60]
            raise InvalidInput(
                f"{shown!r} is no time that this mapping reads; add its pattern to time_patterns"
            ) from error

    def _moment(self, value: JSON) -> datetime:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError("neither text nor number")
        if isinstance(value, str):
            text = value.strip()
            for pattern in self.patterns:
                try:
                    return self._aware(datetime.strptime(text, pattern))
                except ValueError:
                    continue
            if not text.lstrip("-").isdigit() or len(text) < 9:
                return self._aware(datetime.fromisoformat(text))
            value = int(text)
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return datetime.fromtimestamp(seconds, UTC)

    def _aware(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment


def zone_named(name: object, place: str) -> tzinfo:
    """Return a time zone by its IANA name. Raises ConfigurationError that names the place of the mapping."""
    if name == "UTC":
        return UTC  # also where the machine has no time zone database
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f"{place} {name!r} is no time zone; name one such as UTC or Europe/Berlin") from error
