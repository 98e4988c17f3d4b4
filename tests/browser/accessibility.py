"""Ask axe what a page does wrong, and say it so that it can be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axe_playwright_python.base import AxeResults
    from playwright.sync_api import Page

EVERYTHING: dict[str, object] = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS: dict[str, object] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules that another colour scheme can break."""


def violations(page: Page, where: str, rules: dict[str, object] = EVERYTHING) -> list[str]:
    """Return a sentence for each element of the page that violates one of those rules."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": rules, "resultTypes": ["violations"], "iframes": False}
    found: AxeResults = Axe().run(page, options=options)
    return [
        f"{where}: {rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}: {_message(node)}"
        f"\n    {node['html'][:200]}\n    {rule['helpUrl']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def _message(node: dict[str, list[dict[str, str]]]) -> str:
    return "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
