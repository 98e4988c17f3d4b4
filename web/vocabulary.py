"""Keep an organisation's own words in the store, and have searches see a change at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from kb.errors import InvalidInput
from kb.protocols.store import Store
from kb.vocabulary import LISTS, SETTING_PREFIX, Fault, ListName, read_list, shipped_vocabulary, vocabulary_of
from search.expansion import Expander


@dataclass(frozen=True, slots=True)
class _Built:
    own: tuple[str, ...]
    expander: Expander


class StoredVocabulary:
    """The vocabulary of one store; may be used by several threads at once."""

    def __init__(self, store: Store, *, translates_texts: bool = True):
        self._store = store
        self._translates_texts = translates_texts
        self._lock = threading.Lock()
        self._built: _Built | None = None

    def own(self) -> Mapping[ListName, str]:
        """Return the own lists as they were written; an empty text where there is none. Raises StoreError."""
        return {name: self._store.setting(SETTING_PREFIX + name) or "" for name in LISTS}

    def expander(self) -> Expander:
        """Return what looks up other words. It is made anew when an own list has changed, by any process."""
        own = self.own()
        written = tuple(own.values())
        built = self._built
        if built is None or built.own != written:
            with self._lock:
                built = self._built
                if built is None or built.own != written:
                    expander = Expander(vocabulary_of(own), translates_texts=self._translates_texts)
                    self._built = built = _Built(written, expander)
        return built.expander

    def faults(self, name: ListName, text: str) -> tuple[Fault, ...]:
        """Return what is wrong with an own list, in order of lines."""
        return read_list(name, text, shipped_vocabulary()).faults

    def put(self, name: ListName, text: str, source: str | None = None) -> int:
        """Replace an own list and return how many lines it has that say something.

        Raises InvalidInput with the first faulty line, and then keeps what was there; StoreError.
        """
        text = "\n".join(text.splitlines()).strip("\n")
        read = read_list(name, text, shipped_vocabulary())
        if read.faults:
            first = read.faults[0]
            raise InvalidInput(first.sentence, field=name, source=source, line=first.line)
        self._store.put_setting(SETTING_PREFIX + name, text or None)
        return len(read.lines)
