"""The stylesheet keeps its own rules: tokens in both schemes, enough contrast, nothing from outside, documented."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STYLE = ROOT.joinpath("web/static/style.css").read_text(encoding="utf-8")
MANUAL = ROOT.joinpath("articles/manual/design-system.md").read_text(encoding="utf-8")
TEMPLATES = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.joinpath("web/templates").rglob("*.html"))
DARK = STYLE.partition("@media (prefers-color-scheme: dark)")[2].partition("\n}\n")[0]
LIGHT = STYLE.partition(":root {")[2].partition("\n}\n")[0]
AA = 4.5
"""Contrast of normal text, WCAG 2.2 success criterion 1.4.3."""
AA_PARTS = 3.0
"""Contrast of borders and focus rings that tell a control, success criterion 1.4.11."""
TEXT_ON_GROUND = [
    *product(("ink", "faint", "link", "good", "warn", "bad"), ("paper", "panel")),
    ("accent-ink", "accent"),
    ("ink", "mark"),
    ("ink", "good-panel"), ("good", "good-panel"), ("link", "good-panel"),
    ("ink", "warn-panel"), ("warn", "warn-panel"), ("link", "warn-panel"), ("faint", "warn-panel"),
]  # fmt: skip
PARTS_ON_GROUND = [("edge", "paper"), ("edge", "panel"), ("focus", "paper"), ("focus", "panel"), ("accent", "paper")]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_on_its_ground(scheme: str, text: str, ground: str) -> None:
    token = colours({"light": LIGHT, "dark": DARK}[scheme])
    assert contrast(token[text], token[ground]) >= AA


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("part", "ground"), PARTS_ON_GROUND)
def test_controls_can_be_told_from_their_ground(scheme: str, part: str, ground: str) -> None:
    token = colours({"light": LIGHT, "dark": DARK}[scheme])
    assert contrast(token[part], token[ground]) >= AA_PARTS


def test_both_schemes_define_the_same_colours() -> None:
    assert colours(LIGHT).keys() == colours(DARK).keys()


def test_no_colour_stands_outside_the_tokens() -> None:
    rules = STYLE.replace(LIGHT, "").replace(DARK, "")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", rules) == []


def test_every_token_is_used_and_in_the_manual() -> None:
    for name in re.findall(r"^  (--[a-z-]+):", LIGHT, re.M):
        assert f"var({name})" in STYLE, name
        assert f"`{name}`" in MANUAL, name


def test_no_token_is_used_that_is_not_defined() -> None:
    assert set(re.findall(r"var\((--[a-z-]+)\)", STYLE)) <= set(re.findall(r"^  (--[a-z-]+):", LIGHT, re.M))


def test_nothing_comes_from_outside() -> None:
    assert not re.search(r"@import|url\(|https?:", STYLE)


def test_every_class_of_the_manual_is_in_the_stylesheet() -> None:
    for names in re.findall(r"^\| [^|]+ \| (`[^|]+`) (?:with ([^|]+) )?\|", MANUAL.partition("## Parts")[2], re.M):
        for name in re.findall(r"`([^`]+)`", " ".join(names)):
            for one in name.split():
                assert f".{one}" in STYLE, one


def test_every_class_of_a_template_is_styled_or_named_for_scripts() -> None:
    used = {name for names in re.findall(r'class="([^"{}]+)"', TEMPLATES) for name in names.split()}
    styled = set(re.findall(r"\.([a-z][a-z0-9_-]*)", STYLE))
    assert used - styled == set()
