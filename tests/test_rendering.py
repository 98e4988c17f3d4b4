"""Pages show Markdown as sanitised HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.rendering import render, render_excerpt

DANGEROUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](  JaVaScRiPt:alert(1))",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='//example.org'></iframe>",
    "<svg onload=alert(1)>",
    "<form action='/sign-out'><button>x</button></form>",
    "<style>body{display:none}</style>",
    "<input type='password' name='p'>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "<details open ontoggle=alert(1)>x</details>",
    '<p style="position:fixed">x</p>',
    "![x](https://tracker.example.org/pixel.png)",
    "<a href='x' onclick='alert(1)'>x</a>",
]
ACTIVE = re.compile(
    r"<(script|iframe|svg|form|style|object|embed)\b|<[^>]*\son\w+\s*=|<[^>]*(javascript|data):|<[^>]*\sstyle=", re.I
)


@pytest.mark.parametrize("markdown", DANGEROUS)
def test_rendering_drops_whatever_could_act_on_the_reader(markdown: str) -> None:
    html = render(markdown).html

    assert not ACTIVE.search(html)
    assert 'type="password"' not in html


def test_rendering_never_asks_another_host_for_an_image() -> None:
    html = render("![shot](https://example.org/a.png) ![near](files/a.png)").html

    assert html == '<p><span class="unattached">shot</span> <span class="unattached">near</span></p>'


@settings(deadline=None)
@given(st.text(max_size=400))
def test_rendering_of_any_text_ends_without_active_content(markdown: str) -> None:
    assert not ACTIVE.search(render(markdown).html)


def test_rendering_shows_tables_code_tasks_and_callouts() -> None:
    table, code = "| a | b |\n|---|---|\n| 1 | 2 |\n", "```sh\nls -l\n```\n"
    page = render(f"{table}\n{code}\n- [x] done\n\n> [!WARNING]\n> Mind the gap\n")

    assert "<table>" in page.html
    assert "<code>" in page.html
    assert 'type="checkbox"' in page.html
    assert 'class="admonition warning"' in page.html


def test_rendering_leaves_out_a_first_heading_that_repeats_the_title() -> None:
    assert "<h1" not in render("# VPN drops\n\nText", "VPN drops").html
    assert "<h1" in render("# Another heading\n\nText", "VPN drops").html


def test_rendering_lists_headings_with_the_anchors_they_have() -> None:
    page = render("## Ursache\n\n### Lösung für Büro\n")

    assert [(heading.level, heading.name) for heading in page.headings] == [(2, "Ursache"), (3, "Lösung für Büro")]
    for heading in page.headings:
        assert f'id="{heading.anchor}"' in page.html


def test_rendering_goes_on_counting_after_a_step_that_ends_with_a_paragraph() -> None:
    fence = "    ```sh\n    ls\n    2. no step\n    ```\n"
    html = render(f"1. First:\n\n{fence}\n    It lists files.\n2. Second.\n3. Third.\n").html

    assert html.count("<ol>") == 1
    assert html.count("<li>") == 3
    assert html.index("step") < html.index("It lists files.")


def test_rendering_takes_no_number_within_a_paragraph_for_a_step() -> None:
    html = render("The release of\n2024. It was the last.\n").html

    assert "<li>" not in html


@pytest.mark.parametrize("name", ["L1 quick check", "10. L1 quick check", "L1-Schnellprüfung"])
def test_rendering_puts_the_quick_check_first_and_everything_else_in_its_order(name: str) -> None:
    page = render(
        f"Applies to all.\n\n## Cause\n\nDust.\n\n## {name}\n\n- Look.\n\n### Then\n\nAsk.\n\n## Fix\n\nWipe.\n"
    )

    assert page.html.startswith('<section class="quick-check">')
    section, _, rest = page.html.partition("</section>")
    assert "Look." in section
    assert "Ask." in section
    assert rest.index("Applies") < rest.index("Dust.") < rest.index("Wipe.")
    assert [heading.name for heading in page.headings] == [name, "Then", "Cause", "Fix"]


def test_rendering_marks_the_table_of_the_timeline_alone() -> None:
    table = "| Time | Event |\n|---|---|\n| 07:00 UTC | Down |\n"
    page = render(f"## Impact\n\n{table}\n## Timeline\n\n{table}\n## Lessons\n\n{table}")

    assert page.html.count('<table class="timeline">') == 1
    assert page.html.count("<table>") == 2
    assert page.html.count('<div class="wide" tabindex="0">') == 3


def test_rendering_lets_nobody_dress_up_as_a_part_of_the_page() -> None:
    html = render('<section class="bar">x</section> <div tabindex="5">y</div> <table class="fix"></table>').html

    assert 'class="bar"' not in html
    assert 'class="fix"' not in html
    assert 'tabindex="5"' not in html


def test_an_excerpt_has_no_anchors_and_is_as_safe_as_a_page() -> None:
    html = render_excerpt("### Option A\n\nText[^1]\n\n[^1]: note\n\n<script>alert(1)</script>")

    assert "Option A" in html
    assert "id=" not in html
    assert not ACTIVE.search(html)


@pytest.mark.parametrize(
    ("link", "stays"),
    [
        ("https://example.org/a", True),
        ("/articles/x", True),
        ("other.md", False),
        ("#part", False),
        ("../up.md", False),
    ],
)
def test_an_excerpt_keeps_links_that_lead_somewhere_from_any_page(link: str, stays: bool) -> None:
    html = render_excerpt(f"See [this]({link}).")

    assert "this" in html
    assert (f'href="{link}"' in html) == stays


def test_an_excerpt_has_no_headings_of_its_own() -> None:
    assert render_excerpt("### Option A\n\nDo it.").startswith("<p><strong>Option A</strong></p>")


@pytest.mark.parametrize("source", ["//example.org/a.png", "/\\example.org/a.png", "\\\\example.org/a.png"])
def test_an_image_leads_to_no_other_host_however_it_is_written(source: str) -> None:
    assert "example.org" not in render(f'<img src="{source}">').html


def test_boxes_of_tasks_have_a_name() -> None:
    assert re.search(r'<input[^>]*aria-label="Task"', render("- [ ] call back\n").html)


PICTURE = {"files/a.png": "0" * 64, "../up/my log.txt": "1" * 64}


def test_rendering_leads_relative_paths_to_the_files_that_are_attached() -> None:
    html = render("![A shot](files/a.png) [the log](../up/my%20log.txt) [other](other.md)", attachments=PICTURE).html

    assert f'<img loading="lazy" alt="A shot" src="/attachments/{"0" * 64}/a.png">' in html
    assert f'href="/attachments/{"1" * 64}/my%20log.txt"' in html
    assert 'href="other.md"' in html


def test_rendering_shows_words_in_place_of_a_picture_that_is_not_attached() -> None:
    html = render(
        '![<b>A</b> "shot"](files/b.png) <img src="x.png" alt="<i>" onerror="alert(1)"> [f](files/b.pdf)'
    ).html

    assert "<img" not in html
    assert 'class="unattached">' in html
    assert "files/b" not in html
    assert "<i>" not in html
    assert "<b>" not in html
    assert not ACTIVE.search(html)


def test_rendering_makes_a_link_of_a_picture_that_is_another_file() -> None:
    html = render("![The log](../up/my%20log.txt)", attachments=PICTURE).html

    assert html == f'<p><a href="/attachments/{"1" * 64}/my%20log.txt">The log</a></p>'


def test_an_excerpt_shows_attached_pictures() -> None:
    html = render_excerpt("![A shot](files/a.png) [log](../up/my%20log.txt)", PICTURE)

    assert f'src="/attachments/{"0" * 64}/a.png"' in html
    assert f'href="/attachments/{"1" * 64}/my%20log.txt"' in html


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "' onerror='alert(1)"])
@pytest.mark.parametrize("form", ["![{}](files/a.png)", '<img alt="{}" src="files/a.png">', "![x](files/{}.png)"])
def test_nothing_beside_a_picture_acts_on_the_reader(text: str, form: str) -> None:
    attachments = {**PICTURE, f"files/{text}.png": "2" * 64}
    html = render(form.format(text), attachments=attachments).html

    assert not ACTIVE.search(re.sub(r'"[^"]*"', '""', html))


@settings(deadline=None)
@given(st.text(st.sampled_from("<>\"'=/ imgaltsrc![]()&#;.\\"), max_size=60))
def test_rendering_of_any_tags_beside_pictures_ends_without_active_content(markdown: str) -> None:
    html = render(f'{markdown} <img alt="{markdown}" src="files/a.png"> {markdown}', attachments=PICTURE).html

    assert not ACTIVE.search(re.sub(r'"[^"]*"', '""', html))
