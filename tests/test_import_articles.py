"""Folders become articles: what can be read goes in, what cannot is named, what is stored is never harmed."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kb.article_files import read_folder
from kb.documents import Article
from kb.errors import InvalidInput, NotFound, StoreError
from kb.importing import MOST_PROBLEMS, ImportReport, import_articles
from kb.problems import Problem
from kb.protocols.store import Store
from kb.store.open_store import open_store
from tests.fakes.store import MemoryStore


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "home" / "fixlore.db")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "wiki"
    path.mkdir()
    return path


def english(text: str) -> str:
    return "en"


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def bring_in(store: Store, folder: Path, source: str = "wiki", *, prune: bool = False) -> ImportReport:
    return import_articles(store, folder, source, detect=english, prune=prune)


def told(report: ImportReport) -> list[str]:
    return [str(problem) for problem in report.problems]


def test_folder_is_read_in_order_without_hidden_files_and_other_kinds(folder: Path) -> None:
    write(folder, {"b.md": "B", "a/z.md": "Z", "a-b.MD": "AB", ".git/x.md": "x", ".x.md": "x", "a/.b/c.md": "x",
                   "a.txt": "x", "notes.markdown": "x"})  # fmt: skip
    found = list(read_folder(folder, "wiki", english))
    assert [one.path for one in found if isinstance(one, Article)] == ["a-b.MD", "a/z.md", "b.md"]
    assert len(found) == 3


def test_articles_are_created_then_updated_then_unchanged(store: Store, folder: Path) -> None:
    write(folder, {"vpn/drops.md": "# VPN drops\n", "mail.md": "---\nid: KB-1\n---\n# Mail\n"})
    assert bring_in(store, folder) == ImportReport(created=2)
    assert bring_in(store, folder) == ImportReport(unchanged=2)
    store.done(store.pending(10))
    write(folder, {"mail.md": "---\nid: KB-1\n---\n# Mail is late\n"})
    report = bring_in(store, folder)
    assert (report.updated, report.unchanged, report.changed) == (1, 1, 1)
    assert [change.document_id for change in store.pending(10)] == ["KB-1"]
    assert [revision.author for revision in store.revisions("KB-1")] == ["import", "import"]
    assert store.article_ids("wiki") == {"KB-1": "mail.md", "vpn/drops": "vpn/drops.md"}


BAD: dict[str, tuple[str | bytes, str]] = {
    "broken.md": ("---\ntitle: [a\n---\n", "broken.md:3: front matter is not valid YAML"),
    "colon.md": ("---\ntitle: Error: again\n---\n", "colon.md:2: front matter is not valid YAML"),
    "unclosed.md": ("---\ntitle: x\n\ntext", "unclosed.md:1: front matter is not closed"),
    "kind.md": ("---\nkind: recipe\n---\n", "kind.md:2: kind 'recipe' is unknown"),
    "audience.md": ("---\na: 1\naudience: all\n---\n", "audience.md:3: audience 'all' is unknown"),
    "date.md": ("---\nupdated_at: 2026-02-30\n---\n", "date.md:2: updated_at '2026-02-30' is no time"),
    "review.md": ("---\nreview_due: soon\n---\n", "review.md:2: review_due 'soon' is no day"),
    "empty.md": ("", "empty.md: the file is empty"),
    "blank.md": ("\ufeff \n\n", "blank.md: the file is empty"),
    "binary.md": (b"text\n\x00\x01\x02", "binary.md:2: this is no text (it holds NUL bytes)"),
    "bare16.md": ("Grüße".encode("utf-16-le"), "bare16.md:1: this is no text"),
    "half16.md": (codecs.BOM_UTF16_LE + b"a\x00b", "half16.md:1: this is not valid UTF-16-LE"),
    "half8.md": (codecs.BOM_UTF8 + b"a\n\xff", "half8.md:2: this is not valid UTF-8"),
    "neither.md": (b"a\nb\x81", "neither.md:2: this is neither UTF-8 nor Windows-1252"),
    "large.md": (b"x" * 20_000_001 + b"\n" * 30_000_000, "large.md: the file has 47.7 MiB, more than 20.0 MiB"),
    "twice.md": ("---\nid: good\n---\nOther", "twice.md: id 'good' is taken by good.md"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_named_and_the_rest_goes_in(store: Store, folder: Path, name: str) -> None:
    content, words = BAD[name]
    write(folder, {name: content, "good.md": "# Good\n", "zz.md": "# Last\n"})
    report = bring_in(store, folder)
    assert (report.created, report.errors) == (2, 1)
    assert told(report)[0].startswith(words)
    assert list(store.article_ids()) == ["good", "zz"]


def test_bad_files_keep_what_is_stored_of_them_when_pruning(store: Store, folder: Path) -> None:
    write(folder, {name: f"---\nid: was-{name}\n---\nStored" for name in BAD} | {"good.md": "# Good\n", "gone.md": "x"})
    bring_in(store, folder)
    write(folder, {name: content for name, (content, _) in BAD.items()})
    (folder / "gone.md").unlink()
    report = bring_in(store, folder, prune=True)
    assert (report.errors, report.deleted, report.unchanged) == (len(BAD), 1, 1)
    assert list(store.article_ids()) == sorted(["good", *(f"was-{name}" for name in BAD)])
    stored = store.article("was-broken.md")
    assert stored is not None and stored.body == "Stored"


@pytest.mark.parametrize(
    ("content", "body", "warned"),
    [
        ("Grüße €".encode(), "Grüße €", False),
        (codecs.BOM_UTF8 + "Grüße €".encode(), "Grüße €", False),
        ("Grüße €".encode("utf-16"), "Grüße €", False),
        (codecs.BOM_UTF16_BE + "Grüße €".encode("utf-16-be"), "Grüße €", False),
        ("Grüße €".encode("utf-32"), "Grüße €", False),
        ("Grüße €".encode("cp1252"), "Grüße €", True),
        (b"a\r\nb\rc", "a\nb\nc", False),
    ],
)
def test_encodings_are_told_apart(store: Store, folder: Path, content: bytes, body: str, warned: bool) -> None:
    write(folder, {"a.md": content})
    report = bring_in(store, folder)
    assert (report.created, report.errors) == (1, 0)
    stored = store.article("a")
    assert stored is not None and stored.body == body
    assert told(report) == (
        ["a.md:1: this is not UTF-8 and was read as Windows-1252; save it as UTF-8"] if warned else []
    )


@pytest.mark.parametrize(
    ("path", "article_id"),
    [("a b/ü 日.md", "a%20b/ü%20日"), ("c#d?e&f.md", "c#d?e&f"), ("deep/" * 9 + "x.md", "deep/" * 9 + "x")],
)
def test_ids_hold_slashes_and_unicode_but_no_white_space(
    store: Store, folder: Path, path: str, article_id: str
) -> None:
    write(folder, {path: "# T"})
    bring_in(store, folder)
    assert store.article_ids() == {article_id: path}


def test_scripts_are_kept_as_text(store: Store, folder: Path) -> None:
    text = "# <b>T</b>\n<script>alert(1)</script>\n[x](javascript:alert(1))\n"
    write(folder, {"a.md": text})
    bring_in(store, folder)
    stored = store.article("a")
    assert stored is not None and stored.body == text


def test_names_that_differ_by_case_alone_are_different_articles(store: Store, folder: Path) -> None:
    write(folder, {"A.md": "# One", "a.md": "# Two"})
    if len(list(folder.iterdir())) == 2:
        assert bring_in(store, folder).created == 2


def test_links_are_followed_inside_the_folder_alone(store: Store, folder: Path, tmp_path: Path) -> None:
    write(tmp_path, {"secret/password.md": "# Secret"})
    write(folder, {"real/a.md": "# A"})
    (folder / "inside.md").symlink_to(folder / "real" / "a.md")
    (folder / "outside.md").symlink_to(tmp_path / "secret" / "password.md")
    (folder / "nowhere.md").symlink_to(tmp_path / "nothing")
    (folder / "round.md").symlink_to(folder / "round.md")
    (folder / "loop").symlink_to(folder)
    (folder / "out").symlink_to(tmp_path / "secret")
    report = bring_in(store, folder)
    assert list(store.article_ids()) == ["inside", "real/a"]
    assert told(report) == [
        "nowhere.md: the link leads nowhere; mend or remove it",
        "outside.md: the link leads out of the folder and is not followed; put the file here",
        "round.md: the link leads nowhere; mend or remove it",
    ]


def test_file_whose_name_is_no_text_is_named(store: Store, folder: Path) -> None:
    try:
        (folder / b"caf\xe9.md".decode("utf-8", "surrogateescape")).touch()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    write(folder, {"good.md": "x"})
    report = bring_in(store, folder)
    assert (report.created, told(report)) == (1, ["caf\\udce9.md: the file's name is not UTF-8; rename it"])


@pytest.mark.parametrize("prune", [True, False])
def test_articles_whose_file_is_gone_are_removed_only_when_pruning(store: Store, folder: Path, prune: bool) -> None:
    write(folder, {"a.md": "# A", "b.md": "# B"})
    bring_in(store, folder)
    store.put_articles([Article(id="ours", title="Ours", body="x")], "author")
    write(folder.parent, {"other/c.md": "# C"})
    bring_in(store, folder.parent / "other", "other")
    (folder / "a.md").unlink()
    assert bring_in(store, folder, prune=prune).deleted == prune
    assert list(store.article_ids()) == (["b", "c", "ours"] if prune else ["a", "b", "c", "ours"])


def test_nothing_is_removed_when_the_folder_is_missing_or_a_file(store: Store, folder: Path) -> None:
    write(folder, {"a.md": "# A"})
    bring_in(store, folder)
    with pytest.raises(NotFound, match="does not exist"):
        bring_in(store, folder / "missing", prune=True)
    with pytest.raises(InvalidInput, match="not a folder"):
        bring_in(store, folder / "a.md", prune=True)
    assert list(store.article_ids()) == ["a"]


def test_articles_below_a_folder_that_cannot_be_read_stay_when_pruning(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"locked/in/a.md": "# A", "open/b.md": "# B", "open/c.md": "# C"})
    bring_in(store, folder)
    (folder / "open" / "c.md").unlink()
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = bring_in(store, folder, prune=True)
    assert told(report) == ["locked/: the folder cannot be read: Permission denied; check its rights"]
    assert list(store.article_ids()) == ["locked/in/a", "open/b"]


def test_moved_file_keeps_its_id_when_front_matter_names_it(store: Store, folder: Path) -> None:
    write(folder, {"a.md": "---\nid: KB-1\n---\n# A"})
    bring_in(store, folder)
    (folder / "new").mkdir()
    (folder / "a.md").rename(folder / "new" / "b.md")
    report = bring_in(store, folder, prune=True)
    assert (report.updated, report.deleted) == (1, 0)
    assert store.article_ids() == {"KB-1": "new/b.md"}
    assert len(store.revisions("KB-1")) == 1


def test_moved_file_leaves_its_id_as_an_alias_when_it_names_none(store: Store, folder: Path) -> None:
    write(folder, {"a.md": "# A", "same1.md": "# S", "same2.md": "# S"})
    bring_in(store, folder)
    for old, new in (("a.md", "x.md"), ("same1.md", "y1.md"), ("same2.md", "y2.md")):
        (folder / old).rename(folder / new)
    report = bring_in(store, folder, prune=True)
    assert (report.created, report.deleted) == (3, 3)
    assert store.aliases() == {"a": "x"}
    found = store.article("a")
    assert found is not None and found.id == "x"
    assert store.article("same1") is None


def test_file_that_now_says_another_id_leaves_the_old_one_as_an_alias(store: Store, folder: Path) -> None:
    write(folder, {"a.md": "# A"})
    bring_in(store, folder)
    write(folder, {"a.md": "---\nid: KB-1\n---\n# A, better"})
    bring_in(store, folder, prune=True)
    assert (list(store.article_ids()), store.aliases()) == (["KB-1"], {"a": "KB-1"})


def test_id_of_another_source_is_named_with_both_and_the_rest_goes_in(store: Store, folder: Path) -> None:
    write(folder, {f"{number:04}.md": f"# {number}" for number in range(600)})
    write(folder.parent, {"other/0007.md": "# Mine", "other/0599.md": "# Mine too"})
    bring_in(store, folder.parent / "other", "handbook")
    report = bring_in(store, folder, prune=True)
    assert (report.created, report.errors, report.deleted) == (598, 2, 0)
    assert [problem.source for problem in report.problems] == ["0007.md", "0599.md"]
    assert all("'wiki'" in line and "'handbook'" in line for line in told(report))
    kept = store.article("0007")
    assert kept is not None and (kept.source, kept.title) == ("handbook", "Mine")


def test_import_that_breaks_off_ends_where_an_undisturbed_one_does_when_repeated(folder: Path) -> None:
    class Breaking(MemoryStore):
        left = 2

        def put_articles(self, articles, author):  # type: ignore[no-untyped-def]
            self.left -= 1
            if self.left < 0:
                raise StoreError("the disk is full")
            return super().put_articles(articles, author)

    write(folder, {f"{number:04}.md": f"# {number}" for number in range(1200)})
    broken, whole = Breaking(), MemoryStore()
    with pytest.raises(StoreError):
        bring_in(broken, folder)
    assert len(broken.article_ids()) == 1000
    broken.left = 9
    assert (bring_in(broken, folder).created, bring_in(whole, folder).created) == (200, 1200)
    ids = list(whole.all_ids())
    assert broken.documents(ids) == whole.documents(ids)


def test_progress_counts_every_file_once(store: Store, folder: Path) -> None:
    write(folder, {"a.md": "# A", "b.md": "", "c.md": "Grüße".encode("cp1252"), "d.md": "# D"})
    seen: list[tuple[int, int]] = []
    import_articles(store, folder, "wiki", detect=english, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (4, 4)
    assert seen == sorted(seen)


def test_problems_are_counted_when_there_are_too_many_to_keep(store: Store, folder: Path) -> None:
    write(folder, {f"{number:04}.md": "" for number in range(MOST_PROBLEMS + 5)})
    report = bring_in(store, folder)
    assert (report.errors, len(report.problems)) == (MOST_PROBLEMS + 5, MOST_PROBLEMS)


@pytest.mark.parametrize("source", ["", "a:b", "a/b", " "])
def test_source_is_refused_when_no_ticket_id_could_hold_it(store: Store, folder: Path, source: str) -> None:
    with pytest.raises(InvalidInput, match="source"):
        bring_in(store, folder, source)


def test_problem_is_written_as_compilers_do() -> None:
    assert str(Problem("a.md", 3, "wrong")) == "a.md:3: wrong"
    assert str(Problem(None, None, "wrong")) == "wrong"
