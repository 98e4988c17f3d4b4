"""Say what a store holds of answers and of what people said of them."""

from __future__ import annotations

from collections.abc import Sequence

from kb.protocols.store import Store

ACTIONS = ("helpful", "not_helpful", "resolved_by", "linked", "opened", "copied", "dismissed")


def results(store: Store, response_id: str) -> list[str] | None:
    """Return the result ids of a logged answer in their order."""
    given = store.answer_given(response_id)
    return None if given is None else list(given.results)


def people(store: Store, result_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return result id → action → number of people who ever said so, also those who took it back."""
    told = {(one.result_id, one.action, one.by) for one in store.feedback_given(result_ids, ACTIONS)}
    counts: dict[str, dict[str, int]] = {}
    for result_id, action, _ in sorted(told):
        of_result = counts.setdefault(result_id, {})
        of_result[action] = of_result.get(action, 0) + 1
    return counts
