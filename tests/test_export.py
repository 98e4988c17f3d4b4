"""What was exported comes back, and an export never harms what is there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.documents import LINK_TYPES, TIERS, Article, Link, Ticket
from kb.errors import InvalidInput, NotFound
from kb.exporting import export, import_export, read_manifest
from kb.ids import encoded_id
from kb.importing import import_articles, import_tickets
from kb.protocols.store import Store
from kb.store.open_store import open_store
from kb.tickets import parse_upsert, ticket_object
from tests.fakes.store import MemoryStore
from tests.test_front_matter_laws import ARTICLES, ID, NAME, NAMES, TEXT, TIME, VALUE


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "home" / "fixlore.db")
    yield opened
    opened.close()


def unasked(text: str) -> str:
    raise AssertionError("an export names every language")


def content(directory: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def fill(store: Store) -> None:
    store.put_articles(
        [
            Article(id="vpn/error-809", title="VPN: drops", body="\n\n# VPN\n", source="wiki", path="vpn/error-809.md"),
            Article(id="KB-7", title="Known", body="", source="wiki", path="vpn/Seven.MD", extra={"known_error": True}),
            Article(id="site/ours", title="Ours", body="ä\n", language="de", state="draft", audience="group:board"),
        ],
        "network-l3",
    )
    store.upsert_tickets(
        [
            parse_upsert(
                {"source": "zammad", "external_id": str(number), "title": f"Ticket {number}", "seen": [number]}
            )
            for number in (2, 10)
        ]
    )
    store.add_alias("vpn/old", "vpn/error-809")


def test_export_lays_files_out_by_source_and_path(store: Store, tmp_path: Path) -> None:
    fill(store)
    counts = export(store, tmp_path / "out")
    assert (counts.articles, counts.tickets, counts.aliases) == (3, 2, 1)
    files = content(tmp_path / "out")
    assert sorted(files) == [
        "aliases.jsonl",
        "articles/site/site/ours.md",
        "articles/wiki/vpn/Seven.MD",
        "articles/wiki/vpn/error-809.md",
        "export.json",
        "tickets/zammad.jsonl",
    ]
    assert b"id:" not in files["articles/wiki/vpn/error-809.md"]
    assert b"id: KB-7" in files["articles/wiki/vpn/Seven.MD"] or b'id: "KB-7"' in files["articles/wiki/vpn/Seven.MD"]
    assert [json.loads(line)["external_id"] for line in files["tickets/zammad.jsonl"].splitlines()] == ["10", "2"]
    assert read_manifest(tmp_path / "out").paths == {}


def test_export_comes_back_into_an_empty_store(store: Store, tmp_path: Path) -> None:
    fill(store)
    export(store, tmp_path / "out")
    other = MemoryStore()
    report = import_export(other, tmp_path / "out", detect=unasked)
    assert (report.created, report.errors, report.problems) == (5, 0, ())
    assert dict(other.documents(list(other.all_ids()))) == dict(store.documents(list(store.all_ids())))
    assert other.aliases() == store.aliases() == {"vpn/old": "vpn/error-809"}
    export(other, tmp_path / "again")
    assert content(tmp_path / "again") == content(tmp_path / "out")


def test_folders_and_files_of_an_export_can_be_imported_one_by_one(store: Store, tmp_path: Path) -> None:
    fill(store)
    export(store, tmp_path / "out")
    other = MemoryStore()
    articles = import_articles(other, tmp_path / "out" / "articles" / "wiki", "wiki", detect=unasked)
    tickets = import_tickets(other, tmp_path / "out" / "tickets" / "zammad.jsonl")
    assert (articles.created, tickets.created) == (2, 2)
    ids = ["vpn/error-809", "KB-7", "zammad:2", "zammad:10"]
    assert other.documents(ids) == store.documents(ids)
    import_articles(other, tmp_path / "out" / "articles" / "site", "site", detect=unasked, prune=True)
    assert other.article("site/ours") == store.article("site/ours")


def test_repeating_an_import_of_the_site_s_own_articles_removes_none(store: Store, tmp_path: Path) -> None:
    fill(store)
    export(store, tmp_path / "out")
    (tmp_path / "out" / "articles" / "site" / "site" / "ours.md").unlink()
    report = import_articles(store, tmp_path / "out" / "articles" / "site", "site", detect=unasked, prune=True)
    assert report.deleted == 0
    assert store.article("site/ours") is not None


def test_export_is_replaced_by_the_next_one_and_leaves_nothing_beside_it(store: Store, tmp_path: Path) -> None:
    fill(store)
    export(store, tmp_path / "out")
    store.delete_articles(["KB-7"])
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "left-by-a-kill").touch()
    export(store, tmp_path / "out")
    assert "articles/wiki/vpn/Seven.MD" not in content(tmp_path / "out")
    assert "articles/wiki/vpn/error-809.md" in content(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["out"]


def test_export_goes_into_an_empty_folder(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert export(store, tmp_path / "out").articles == 0
    assert sorted(content(tmp_path / "out")) == ["aliases.jsonl", "export.json"]


def test_export_is_refused_and_changes_nothing_when_the_folder_holds_other_files(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInput, match="no earlier export"):
        export(store, tmp_path / "out")
    with pytest.raises(InvalidInput, match="is a file"):
        export(store, tmp_path / "out" / "thesis.txt")
    assert content(tmp_path / "out") == {"thesis.txt": b"years of work"}


def test_export_is_refused_with_a_message_when_it_cannot_be_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="cannot be written"):
        export(store, tmp_path / "file" / "out")


def test_earlier_export_stays_when_writing_the_new_one_fails(tmp_path: Path) -> None:
    class Failing(MemoryStore):
        def aliases(self) -> Mapping[str, str]:
            raise OSError(28, "No space left on device")

    good, failing = MemoryStore(), Failing()
    fill(good)
    export(good, tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(InvalidInput, match="No space left"):
        export(failing, tmp_path / "out")
    assert content(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("manifest", "error", "words"),
    [
        (None, NotFound, "no export"),
        ("{", InvalidInput, "damaged"),
        ('{"fixlore_export": 1}', InvalidInput, "damaged"),
        ('{"fixlore_export": 2, "articles": {}, "tickets": {}, "paths": {}}', InvalidInput, "newer"),
        ('{"fixlore_export": 1, "articles": {"..": "x"}, "tickets": {}, "paths": {}}', InvalidInput, "no name"),
    ],
)
def test_folder_is_refused_when_it_is_no_export(
    tmp_path: Path, manifest: str | None, error: type[Exception], words: str
) -> None:
    if manifest is not None:
        (tmp_path / "export.json").write_text(manifest)
    with pytest.raises(error, match=words):
        import_export(MemoryStore(), tmp_path, detect=unasked)


def test_edited_export_reports_what_is_broken_and_takes_the_rest(store: Store, tmp_path: Path) -> None:
    fill(store)
    export(store, tmp_path / "out")
    (tmp_path / "out/articles/wiki/vpn/error-809.md").write_text("---\nkind: recipe\n---\n")
    other = MemoryStore()
    report = import_export(other, tmp_path / "out", detect=unasked)
    assert [str(problem) for problem in report.problems] == [
        "articles/wiki/vpn/error-809.md:2: kind 'recipe' is unknown; use one of how-to, troubleshooting, known-error, "
        "post-mortem, runbook, reference"
    ]
    assert report.created == 4


AWKWARD = [
    "a", "A", "a.md/b", "a/b", "a/B", "A/b", "../../etc/passwd", "/absolute", "a//b", ".hidden/x", "con", "x.", "ends/",
    "bu\u0308ro", "büro", "BÜRO", "x" * 400, "zammad:1", "a?b", "..", "日本/" + "語" * 100, "percent%20", "a\\b",
]  # fmt: skip


def test_awkward_ids_and_paths_stay_inside_the_export_and_come_back(store: Store, tmp_path: Path) -> None:
    ours = [Article(id=one, title="Ours", body=one) for one in dict.fromkeys(map(encoded_id, AWKWARD))]
    theirs = [
        Article(id=f"theirs{number}", title="T", body=one, source="W", path=f"{one}.md")
        for number, one in enumerate([*AWKWARD, "a", "a"])
    ]
    store.put_articles(ours + theirs, "author")
    export(store, tmp_path / "deep" / "out")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    names = list(content(tmp_path / "deep" / "out"))
    assert len({name.casefold() for name in names}) == len(names)
    other = MemoryStore()
    report = import_export(other, tmp_path / "deep" / "out", detect=unasked)
    assert report.problems == ()
    assert dict(other.documents(list(other.all_ids()))) == dict(store.documents(list(store.all_ids())))


SOURCE = st.sampled_from(["zammad", "Zammad", "jira", "con", ".x", "büro"])
LINKS = st.lists(
    st.builds(Link, st.sampled_from(LINK_TYPES), ID, st.none() | TIME),
    max_size=3,
    unique_by=lambda x: (x.type, x.target),
)
KNOWN = {field for field in Ticket.__dataclass_fields__}
TICKETS = st.builds(
    Ticket, source=SOURCE, external_id=ID, title=NAME, description=TEXT, environment=TEXT, resolution=TEXT,
    resolution_code=st.none() | NAME, status=st.none() | NAME, service=st.none() | NAME, components=NAMES, tags=NAMES,
    tier=st.none() | st.sampled_from(TIERS), language=st.sampled_from(["en", "de-CH"]),
    audience=st.sampled_from(["public", "internal", "group:x"]), url=st.none() | st.just("https://tickets.example/1"),
    opened_at=st.none() | TIME, resolved_at=st.none() | TIME, updated_at=st.none() | TIME, links=LINKS.map(tuple),
    extra=st.dictionaries(TEXT.filter(lambda name: name not in KNOWN), VALUE.filter(bool), max_size=3),
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(
    st.lists(ARTICLES, max_size=6, unique_by=lambda article: article.id),
    st.lists(TICKETS, max_size=6, unique_by=lambda ticket: ticket.id),
    st.dictionaries(ID, ID, max_size=3),
)
def test_export_of_an_import_of_an_export_is_the_same_to_the_byte(
    articles: list[Article], tickets: list[Ticket], aliases: dict[str, str]
) -> None:
    ticket_ids = {ticket.id for ticket in tickets}
    first, second = MemoryStore(), MemoryStore()
    first.put_articles([article for article in articles if article.id not in ticket_ids], "author")
    outcomes = first.upsert_tickets([parse_upsert(ticket_object(ticket)) for ticket in tickets])
    assert set(outcomes) <= {"created"}
    for alias, article_id in aliases.items():
        first.add_alias(alias, article_id)
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        export(first, one)
        report = import_export(second, one, detect=unasked)
        assert report.problems == ()
        export(second, other)
        assert content(one) == content(other)
    assert dict(first.documents(list(first.all_ids()))) == dict(second.documents(list(second.all_ids())))
    assert {one.id: one for one in tickets} == dict(first.documents([one.id for one in tickets]))


def test_exported_ticket_keeps_its_times_to_the_microsecond(tmp_path: Path) -> None:
    store = MemoryStore()
    moment = datetime(2026, 5, 2, 10, 0, 0, 123456, tzinfo=UTC)
    fields = {"source": "z", "external_id": "1", "title": "x", "opened_at": moment.isoformat()}
    store.upsert_tickets([parse_upsert(fields)])
    export(store, tmp_path / "out")
    assert '"opened_at": "2026-05-02T10:00:00.123456Z"' in (tmp_path / "out/tickets/z.jsonl").read_text()
