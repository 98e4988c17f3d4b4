"""Files beside Markdown come in with it, go out with it, and come back as they were."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.attachments import markdown_for, site_path
from kb.documents import Article
from kb.errors import InvalidInput
from kb.exporting import export, import_export, read_manifest
from kb.importing import ImportReport, import_articles
from kb.protocols.store import Store
from kb.store.open_store import open_store
from tests.conformance.store_samples import SetClock
from tests.fakes.store import MemoryStore
from tests.pictures import FILES, png

NASTY = ["a b.png", "ü.png", "100%.png", "a#b.png", "a?b.png", "con.png", "x.md.png", "(1).png", "'q'.png", "A.PNG"]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content(directory: Path) -> Mapping[str, bytes]:
    return {one.relative_to(directory).as_posix(): one.read_bytes() for one in directory.rglob("*") if one.is_file()}


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, held in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(held if isinstance(held, bytes) else held.encode())
    return folder


def taken_in(store: Store, folder: Path, source: str = "runbooks", **options: object) -> ImportReport:
    return import_articles(store, folder, source, detect=lambda text: "en", **options)  # type: ignore[arg-type]


def unasked(text: str) -> str:
    raise AssertionError("an export names every language")


def article(store: Store, article_id: str) -> Article:
    found = store.article(article_id)
    assert found is not None
    return found


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "home" / "fixlore.db")
    yield opened
    opened.close()


def test_files_that_an_article_names_come_in_with_it_wherever_they_lie_in_the_folder(
    store: Store, tmp_path: Path
) -> None:
    folder = written(
        tmp_path / "in",
        {
            "vpn/a.md": "![s](../images/shot.png) [l](./my%20log.log) ![s](shot.png)\n\n[p]: <../plan.pdf>\n",
            "b.md": "![s](images/shot.png)",
            "images/shot.png": png(),
            "vpn/my log.log": b"x",
            "vpn/shot.png": png(b"abc"),
            "plan.pdf": FILES["plan.pdf"],
            "unused.png": png(b"zzz"),
        },
    )
    report = taken_in(store, folder)

    assert (report.created, report.problems) == (2, ())
    assert article(store, "vpn/a").attachments == {
        "../images/shot.png": sha(png()),
        "./my log.log": sha(b"x"),
        "shot.png": sha(png(b"abc")),
        "../plan.pdf": sha(FILES["plan.pdf"]),
    }
    assert article(store, "b").attachments == {"images/shot.png": sha(png())}
    assert store.attachment_content(sha(png())) == png()
    assert store.attachments([sha(png(b"zzz"))]) == {}
    assert taken_in(store, folder).unchanged == 2


def test_changed_picture_alone_is_a_new_revision_and_the_earlier_one_keeps_its_own(
    store: Store, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", {"a.md": "![s](s.png)", "s.png": png()})
    taken_in(store, folder)
    written(folder, {"s.png": png(b"new")})

    assert taken_in(store, folder).updated == 1
    history = store.revisions("a")
    assert [one.article.attachments["s.png"] for one in history] == [sha(png(b"new")), sha(png())]
    assert store.attachment_content(sha(png())) == png()
    (folder / "s.png").unlink()
    report = taken_in(store, folder)
    assert (report.updated, report.errors) == (1, 0)
    assert "no such picture in the folder: s.png" in str(report.problems[0])


@pytest.mark.parametrize(
    ("name", "held", "told", "is_error"),
    [
        ("evil.png", b"<html><script>alert(1)</script>", "by its content this is no .png", True),
        ("shot.svg", b"<svg onload='alert(1)'/>", "files that end in .svg are not taken", False),
        ("page.html", b"<script>alert(1)</script>", "files that end in .html are not taken", False),
        ("big.log", b"x" * 2000, "the file has 0.0 MiB, more than 0.0 MiB", True),
        ("empty.txt", b"", "the file is empty", True),
    ],
)
def test_file_that_cannot_be_taken_is_told_once_and_the_articles_go_in_without_it(
    store: Store, tmp_path: Path, name: str, held: bytes, told: str, is_error: bool
) -> None:
    text = f"![x](files/{name}) ![y](good.png)"
    folder = written(tmp_path / "in", {"a.md": text, "b.md": text, f"files/{name}": held, "good.png": png()})
    report = taken_in(store, folder, max_attachment_bytes=1000)

    (problem,) = report.problems
    assert str(problem).startswith(f"files/{name}: {told}")
    assert "a.md goes in without it" in str(problem)
    assert (problem.is_error, report.created) == (is_error, 2)
    assert article(store, "b").attachments == {"good.png": sha(png())}
    assert store.attachments([sha(held)]) == {}


def test_example_in_a_code_block_is_not_missed(store: Store, tmp_path: Path) -> None:
    text = "`![a](a.png)` and\n\n```markdown\n![b](b.png) [x](c.svg)\n```\n\n> ~~~\n> ![d](d.png)\n> ~~~\n![e](e.png)\n"
    folder = written(tmp_path / "in", {"a.md": text, "c.svg": b"<svg/>"})

    (problem,) = taken_in(store, folder).problems
    assert "no such picture in the folder: e.png;" in str(problem)


def test_nothing_outside_of_the_folder_comes_in(store: Store, tmp_path: Path) -> None:
    written(tmp_path, {"secret.txt": b"secret", "in-beside/secret.txt": b"secret"})
    paths = ["../secret.txt", "../in-beside/secret.txt", "x/../../secret.txt", "%2e%2e/secret.txt", "link.txt",
             "linked/secret.txt", str(tmp_path / "secret.txt"), "file:../secret.txt", ".hidden/secret.txt"]  # fmt: skip
    folder = written(
        tmp_path / "in",
        {"a.md": "\n".join(f"[x]({path}) <a href='{path}'>" for path in paths), ".hidden/secret.txt": b"secret"},
    )
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "linked").symlink_to(tmp_path / "in-beside")
    report = taken_in(store, folder)

    assert report.created == 1
    assert [one.source for one in report.problems] == ["link.txt", "linked/secret.txt"]
    assert all("leads out of the folder" in str(one) for one in report.problems)
    assert article(store, "a").attachments == {}
    assert store.attachments([sha(b"secret")]) == {}


def test_link_within_the_folder_is_followed(store: Store, tmp_path: Path) -> None:
    folder = written(tmp_path / "in", {"a.md": "![s](s.png)", "images/s.png": png()})
    (folder / "s.png").symlink_to("images/s.png")

    assert taken_in(store, folder).problems == ()
    assert article(store, "a").attachments == {"s.png": sha(png())}


def site_article(store: Store, body: str, files: Mapping[str, bytes], **values: object) -> Article:
    attachments = {path: store.put_attachment(held, "text/plain", "l3").sha256 for path, held in files.items()}
    given = {"id": "vpn/ours", "attachments": attachments, **values}
    return Article(title="Ours", body=body, **given)  # type: ignore[arg-type]


def test_export_lays_files_beside_the_markdown_and_they_come_back(store: Store, tmp_path: Path) -> None:
    folder = written(
        tmp_path / "in", {"vpn/a.md": "![s](../images/s.png)", "images/s.png": png(), "b.md": "![s](./images/s.png)"}
    )
    taken_in(store, folder)
    path = site_path(sha(b"x"), "vpn.log")
    store.create_article(site_article(store, markdown_for(sha(b"x"), "vpn.log"), {path: b"x"}), "l3")
    export(store, tmp_path / "out")

    files = content(tmp_path / "out")
    assert files["articles/runbooks/images/s.png"] == png()
    assert files[f"articles/site/vpn/{path}"] == b"x"
    assert read_manifest(tmp_path / "out").attachments == {}
    other = MemoryStore()
    assert import_export(other, tmp_path / "out", detect=unasked).problems == ()
    assert dict(other.documents(list(other.all_ids()))) == dict(store.documents(list(store.all_ids())))
    assert other.attachment_content(sha(png())) == png()
    export(other, tmp_path / "again")
    assert content(tmp_path / "again") == files
    single = MemoryStore()
    taken_in(single, tmp_path / "out" / "articles" / "site", "site")
    assert single.article("vpn/ours") == store.article("vpn/ours")


def test_files_that_cannot_lie_where_their_paths_lead_come_back_all_the_same(store: Store, tmp_path: Path) -> None:
    paths = {"../../out.txt": b"out", "same.txt": b"one", "SAME.TXT": b"two", "con.txt": b"c", ".h/x.txt": b"hidden"}
    body = " ".join(f"[x]({path})" for path in paths)
    store.put_articles(
        [
            site_article(store, body, paths, id="a"),
            site_article(store, "[x](same.txt) [y](con.txt)", {"same.txt": b"other"}, id="b"),
            site_article(store, "nothing is named", {"unnamed.txt": b"kept"}, id="c"),
            site_article(store, "[x](gone.txt)", {}, id="d", attachments={"gone.txt": "f" * 64}),
            site_article(store, "[x](SAME.TXT) [x](same.txt)", {}, id="e"),
            site_article(store, "[x](p.png)", {"p.png": b"a text"}, id="f"),
        ],
        "l3",
    )
    export(store, tmp_path / "deep" / "out")

    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["out"]
    other = MemoryStore()
    assert import_export(other, tmp_path / "deep" / "out", detect=unasked).problems == ()
    assert dict(other.documents(list(other.all_ids()))) == dict(store.documents(list(store.all_ids())))
    for held in (b"out", b"one", b"two", b"other", b"c", b"hidden", b"kept"):
        assert other.attachment_content(sha(held)) == held
    export(other, tmp_path / "again")
    assert content(tmp_path / "again") == content(tmp_path / "deep" / "out")


def test_export_that_somebody_made_up_stores_nothing_under_a_false_hash(tmp_path: Path) -> None:
    store = MemoryStore()
    store.create_article(site_article(store, "x", {"../x.txt": b"true"}), "l3")
    export(store, tmp_path / "out")
    (tmp_path / "out" / "attachments" / sha(b"true")).write_bytes(b"false")
    manifest = tmp_path / "out" / "export.json"
    other = MemoryStore()
    import_export(other, tmp_path / "out", detect=unasked)
    assert other.attachments(list("0123456789abcdef")) == {}
    manifest.write_text(manifest.read_text().replace(sha(b"true"), "../../../etc/passwd"))
    with pytest.raises(InvalidInput, match="damaged"):
        import_export(other, tmp_path / "out", detect=unasked)


FOLDERS = st.sampled_from(["", "files/", "../", "./", "../../", "a b/", "ü/"])
LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="/\\")
STEMS = st.text(LETTERS, min_size=1, max_size=8).map(str.strip).filter(bool)
PATHS = st.builds("{}{}".format, FOLDERS, st.sampled_from(NASTY) | STEMS.map("{}.png".format))
ATTACHED = st.dictionaries(PATHS, st.sampled_from([png(), png(b"abc"), png(b"xyz")]), max_size=4)
NAMED = st.lists(PATHS, max_size=3)
HOLDERS = st.lists(st.tuples(st.sampled_from(["site", "wiki"]), ATTACHED, NAMED), max_size=4)


@settings(deadline=None, max_examples=60)
@given(HOLDERS)
def test_export_of_an_import_of_an_export_is_the_same_to_the_byte_whatever_files_are_called(
    holders: list[tuple[str, dict[str, bytes], list[str]]],
) -> None:
    first, second = MemoryStore(), MemoryStore()
    for number, (source, files, named) in enumerate(holders):
        body = " ".join(f"![x](<{quote(path, safe='/')}>)" for path in (*files, *named))
        attachments = {path: first.put_attachment(held, "image/png", None).sha256 for path, held in files.items()}
        one = Article(
            id=f"d{number}/a", title="T", body=body, source=source, attachments=attachments,
            path=None if source == "site" else f"deep/d{number % 2}/a{number}.md",
        )  # fmt: skip
        first.put_articles([one], "l3")
    with tempfile.TemporaryDirectory() as folder:
        one_folder, other = Path(folder) / "deep" / "one", Path(folder) / "deep" / "other"
        export(first, one_folder)
        assert [path.name for path in (Path(folder) / "deep").iterdir()] == ["one"]
        assert import_export(second, one_folder, detect=unasked).problems == ()
        export(second, other)
        assert content(one_folder) == content(other)
    assert dict(first.documents(list(first.all_ids()))) == dict(second.documents(list(second.all_ids())))


def test_backup_holds_attachments(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "fixlore.db", SetClock())) as store:
        store.create_article(site_article(store, "x", {"x.txt": b"held"}), "l3")
        store.backup(str(tmp_path / "copy.db"))
    with closing(open_store(tmp_path / "copy.db", SetClock())) as store:
        assert store.attachment_content(sha(b"held")) == b"held"
        assert article(store, "vpn/ours").attachments == {"x.txt": sha(b"held")}
