"""Read JSON as the standard has it, and write it in the order in which it was made."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask.json.provider import DefaultJSONProvider


class StrictJSON(DefaultJSONProvider):
    """Flask's JSON without `NaN` and `Infinity`, which Python reads and no other program knows."""

    sort_keys = False

    def loads(self, s: str | bytes, **options: Any) -> Any:
        """Return what the text holds. Raises ValueError for what is no JSON."""
        return json.loads(s, parse_constant=_refuse, **options)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
