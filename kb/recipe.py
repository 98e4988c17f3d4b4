"""Say how vectors were made. Vectors of different recipes are never compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the value of a vector.

    `revision` is the sha256 of the weights, `procedure` how and how precisely they were run, `max_tokens` where
    text is cut,
    `passage_version` the version of the rules that cut documents into passages, `adapter` an adapter applied to
    documents.
    """

    model: str
    revision: str
    procedure: str
    dimension: int
    max_tokens: int
    normalised: bool = True
    passage_version: int = 0
    adapter: str | None = None

    @property
    def id(self) -> str:
        """Return a short stable name for exactly this recipe."""
        return _name(self)

    @property
    def model_name(self) -> str:
        """Return `name@revision`, as answers state it."""
        return f"{self.model}@{self.revision[:12]}"


@lru_cache(maxsize=16)
def _name(recipe: Recipe) -> str:
    return hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()[:16]
