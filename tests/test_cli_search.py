"""`kb search`, `similar`, `evaluate`, `index` and `doctor`, on an installation made from the shell."""

from __future__ import annotations

import codecs
import json
import shutil
from pathlib import Path

import pytest

from indexer.engines import installed_engines
from indexer.lock import FileLock
from indexer.manifest import current_generation
from kb.settings import read_settings
from search.answers import FixedBy, Resolution, Result
from tests.command_line import SAMPLES, files_below, home_with_model, run
from web.cli.printing import written_results
from web.encoder_once import EncoderOnce

VPN = {"title": "Home office: VPN stops with error 809", "description": "Since the new router.", "language": "en"}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home with the sample articles and tickets; tests only read it."""
    home = home_with_model(tmp_path_factory.mktemp("stocked") / "home", model_home)
    for kind, path in (("articles", SAMPLES / "articles"), ("tickets", SAMPLES / "tickets.jsonl")):
        assert run("--home", home, "import", kind, path).code == 0
    return home


@pytest.fixture
def own(stocked: Path, tmp_path: Path) -> Path:
    """A copy of that home, to be changed."""
    return shutil.copytree(stocked, tmp_path / "own", symlinks=True)


def lines(path: Path, *objects: object) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    return path


def test_a_search_shows_title_id_and_fix(stocked: Path) -> None:
    told = run("--home", stocked, "search", "vpn error 809")

    assert (told.code, told.err) == (0, "")
    shown = told.out.split("\n\n")[1]
    assert shown.startswith("1. VPN connection fails with error 809 behind a NAT router\n   vpn/error-809  (")
    assert "     1. Allow UDP ports 500 and 4500 on the router." in shown


def test_search_json_has_the_fields_of_the_endpoint(stocked: Path) -> None:
    told = run("--home", stocked, "search", "vpn error 809", "--json", "--limit", "2")

    assert (told.code, told.err) == (0, "")
    body = json.loads(told.out)
    assert body.keys() == {
        "response_id", "status", "retrieval", "query", "results", "total", "facets", "did_you_mean",
    }  # fmt: skip
    assert body["retrieval"].keys() == {"mode", "degraded", "model", "calibrated", "indexed_through", "took_ms"}
    assert (body["status"], body["retrieval"]["mode"], body["retrieval"]["degraded"]) == ("ok", "hybrid", [])
    assert body["query"]["identifiers"] == ["809"]
    assert [result["rank"] for result in body["results"]] == [1, 2]
    assert body["results"][0].keys() >= {
        "rank", "id", "type", "title", "url", "language", "band", "score", "scores", "reasons", "snippet",
        "resolution", "root_cause", "workaround", "known_error", "confidence", "status", "resolved_at", "stale",
    }  # fmt: skip
    assert body["results"][0]["id"] == "vpn/error-809"
    assert body["total"] >= 2
    assert {"value", "count"} == body["facets"]["type"][0].keys()


def test_search_options_narrow_what_is_found(stocked: Path) -> None:
    def ids(*options: str) -> set[str]:
        return {one["id"] for one in json.loads(run("--home", stocked, "search", *options, "--json").out)["results"]}

    assert {"vpn/error-809", "mail:1"} <= ids("vpn error 809")
    assert ids("vpn error 809", "--type", "ticket") == {"mail:1"}
    assert "mail:1" not in ids("vpn error 809", "--type", "article")
    assert ids("vpn", "--filter", "service=vpn", "--filter", "language=de") == {"vpn/verbindung-langsam"}
    assert ids("service:vpn kind:known-error 809") == {"vpn/error-809"}
    assert ids("vpn error 809", "--lanes", "identifier") == {"vpn/error-809", "mail:1"}


def test_a_search_that_finds_nothing_says_so(stocked: Path) -> None:
    told = run("--home", stocked, "search", "vpn", "--filter", "service=spaceflight")

    assert (told.code, told.out) == (0, "Nothing found.\n")


def test_what_looks_like_syntax_but_is_none_is_told_beside_the_results(stocked: Path) -> None:
    told = run("--home", stocked, "search", "vpn after:someday")

    assert told.code == 0
    assert "someday" in told.err
    assert "vpn/error-809" in told.out


@pytest.mark.parametrize("form", ["file", "standard input", "with a byte order mark", "over several lines"])
def test_similar_takes_one_ticket(stocked: Path, tmp_path: Path, form: str) -> None:
    content = json.dumps(VPN, indent=2 if form == "over several lines" else None).encode()
    if form == "with a byte order mark":
        content = codecs.BOM_UTF8 + content
    (tmp_path / "ticket.json").write_bytes(content)
    place = "-" if form == "standard input" else str(tmp_path / "ticket.json")

    told = run("--home", stocked, "similar", place, stdin=content)

    assert (told.code, told.err) == (0, "")
    assert "vpn/error-809" in told.out.splitlines()[1]
    assert "Allow UDP ports 500 and 4500 on the router." in told.out


def test_similar_json_has_the_fields_of_the_endpoint(stocked: Path) -> None:
    told = run("--home", stocked, "similar", "-", "--json", stdin=json.dumps(VPN).encode())

    body = json.loads(told.out)
    assert body.keys() == {"response_id", "status", "retrieval", "query", "results", "suggestions", "incident"}
    assert body["results"][0]["id"] == "vpn/error-809"
    assert body["results"][0]["relationship"] in ("same_problem", "related")
    assert body["results"][0]["resolution"]["steps"]
    assert body["results"][0]["reasons"]
    assert body["results"][0]["snippet"].keys() == {"text", "highlights"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "must be one JSON object"),
        (b'{"title": "\xff"}', "not valid UTF-8"),
        (b'{"description": "no title"}', "title"),
        (b'{"title": "x", "opened_at": "someday"}', "'someday'"),
    ],
)
def test_a_ticket_that_cannot_be_used_is_refused_with_the_reason(stocked: Path, content: bytes, says: str) -> None:
    told = run("--home", stocked, "similar", "-", stdin=content)

    assert (told.code, told.out) == (1, "")
    assert len(told.error_lines) == 1
    assert says in told.err


def test_a_batch_of_searches_writes_a_run(stocked: Path, tmp_path: Path) -> None:
    queries = lines(
        tmp_path / "queries.jsonl",
        {"id": "q1", "text": "error 809 behind the router"},
        {"id": "q2", "title": "Leere Seiten", "text": "Der Drucker druckt leere Seiten"},
    )

    for name, options in (("all.run", ()), ("two.run", ("--limit", "2"))):
        told = run("--home", stocked, "search", "--queries", queries, "--run", tmp_path / name, *options)
        assert (told.code, told.out, told.err) == (0, "", "")

    rows = [line.split(" ") for line in (tmp_path / "two.run").read_text().splitlines()]
    assert [(row[0], row[1], row[3], len(row)) for row in rows] == [
        (query, "Q0", rank, 6) for query in ("q1", "q2") for rank in ("1", "2")
    ]
    assert (rows[0][2], rows[2][2]) == ("vpn/error-809", "mail:a/b%20c")
    everything = (tmp_path / "all.run").read_text().splitlines()
    assert [line for line in everything if line.split(" ")[3] in ("1", "2")] == [" ".join(row) for row in rows]
    found = {line.split(" ")[2] for line in everything}
    assert len(everything) == 2 * len(found) == 16
    assert "mail/secret" in found
    assert "mail/draft" not in found


def test_a_batch_of_tickets_answers_as_of_their_time(stocked: Path, tmp_path: Path) -> None:
    queries = lines(tmp_path / "queries.jsonl", {"id": "q1", **VPN, "opened_at": "2025-04-15T08:00:00Z"})

    def found(*options: str) -> list[str]:
        told = run("--home", stocked, "similar", "--queries", queries, "--run", tmp_path / "run", *options)
        assert (told.code, told.err) == (0, "")
        return [line.split(" ")[2] for line in (tmp_path / "run").read_text().splitlines()]

    assert "mail:2" in found()
    then = found("--as-of")
    assert "mail:2" not in then
    assert "vpn/error-809" in then


def test_a_batch_that_fails_leaves_the_earlier_run(stocked: Path, tmp_path: Path) -> None:
    queries = lines(tmp_path / "queries.jsonl", {"id": "q1", "text": "vpn"}, {"id": "q2"})
    (tmp_path / "run").write_text("earlier\n")

    told = run("--home", stocked, "search", "--queries", queries, "--run", tmp_path / "run")

    assert told.code == 1
    assert told.err.startswith(f"kb: {queries}:2: ")
    assert files_below(tmp_path) == {"queries.jsonl": queries.read_bytes(), "run": b"earlier\n"}


def test_a_run_goes_through_a_pipe_and_replaces_what_a_link_leads_to(stocked: Path, tmp_path: Path) -> None:
    queries = lines(tmp_path / "queries.jsonl", {"id": "q1", "text": "vpn"})
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    for place in (tmp_path / "link", Path("/dev/null")):
        assert run("--home", stocked, "search", "--queries", queries, "--run", place).code == 0

    assert (tmp_path / "real").read_text().startswith("q1 Q0 vpn/")
    assert (tmp_path / "link").is_symlink()
    assert Path("/dev/null").is_char_device()


def test_evaluation_prints_the_measures_as_text_and_json(stocked: Path, tmp_path: Path) -> None:
    queries = lines(
        tmp_path / "queries.jsonl",
        {"id": "right", "text": "error 809 behind the router"},
        {"id": "wrong", "text": "Drucker druckt leere Seiten"},
    )
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\nright\tvpn/error-809\t2\nwrong\tno/such/article\t1\n")
    command = ("--home", stocked, "evaluate", "--task", "search", queries, qrels)

    as_json, as_text = run(*command, "--json"), run(*command)

    scores = json.loads(as_json.out)
    assert list(scores) == ["queries", "hit@1", "hit@5", "hit@10", "recall@10", "MRR@10", "nDCG@10"]
    assert set(scores.values()) == {2, 0.5}
    assert as_text.out.splitlines() == [f"{name}\t{value}" for name, value in scores.items()]


def test_index_has_nothing_to_do_twice_and_rebuilds_from_stored_vectors(own: Path) -> None:
    before = run("--home", own, "search", "vpn error 809").out.splitlines()[2:]

    assert run("--home", own, "index").out == "Nothing waited to be indexed.\n"
    rebuilt = run("--home", own, "index", "--rebuild")

    assert rebuilt.code == 0
    assert rebuilt.out.startswith("Indexed 9 documents: 0 texts encoded, ")
    assert run("--home", own, "search", "vpn error 809").out.splitlines()[2:] == before


def test_indexes_that_are_lost_are_told_by_search_and_doctor_and_made_again_by_index(own: Path) -> None:
    shutil.rmtree(own / "index")

    searched, checked = run("--home", own, "search", "vpn error 809"), run("--home", own, "doctor")

    assert (searched.code, searched.out, len(searched.error_lines)) == (1, "", 1)
    assert "no index can answer now" in searched.err
    assert "`kb index`" in searched.err
    assert checked.code == 1
    assert "run `kb index`" in checked.err
    assert run("--home", own, "index").out.startswith("Indexed 9 documents: 0 texts encoded, ")
    assert run("--home", own, "doctor").code == 0
    assert "vpn/error-809" in run("--home", own, "search", "vpn error 809").out


def test_doctor_finds_a_document_that_an_index_lacks_or_holds_too_much(own: Path) -> None:
    settings = read_settings(own)
    generation = current_generation(settings.index_path)
    assert generation is not None
    engines = installed_engines("tantivy", EncoderOnce(settings, lambda line: None))
    keyword, vectors = engines.open_keyword(generation, True), engines.open_vectors(generation, True)
    keyword.apply([], ["vpn/error-809"])
    vectors.apply([], ["vpn/error-809", "mail:1"])
    keyword.close()
    vectors.close()

    told = run("--home", own, "doctor")

    assert told.code == 1
    keyword_line, vector_line = told.error_lines
    assert keyword_line.startswith("!!  keyword index  8 documents, ")
    assert keyword_line.endswith("; of its documents 1 missing; run `kb index --rebuild`")
    assert vector_line.startswith("!!  vector index ")
    assert vector_line.endswith("; of its documents 2 missing; run `kb index --rebuild`")
    run("--home", own, "index", "--rebuild")
    assert run("--home", own, "doctor").code == 0


def test_doctor_names_what_waits_and_does_not_call_it_a_difference(own: Path, tmp_path: Path) -> None:
    file = lines(tmp_path / "new.jsonl", {"source": "desk", "external_id": "1", **VPN})
    with FileLock(own / "index" / "index.lock"):
        told = run("--home", own, "import", "tickets", file, "--no-wait")
        assert told.out == "1 created\nA server indexes 1 changed documents.\n"
    checked = run("--home", own, "doctor")

    assert checked.code == 1
    (line,) = checked.error_lines
    assert line.startswith("!!  waiting        1 document waits to be indexed since ")
    assert run("--home", own, "index").out.startswith("Indexed 1 document: ")
    assert run("--home", own, "doctor").code == 0


def test_a_result_in_the_shell_tells_cause_and_workaround_and_whose_fix_it_is() -> None:
    result = Result(
        rank=1,
        id="desk:2",
        type="ticket",
        title="Stripes",
        language="en",
        resolution=Resolution("permanent_fix", "Flushed the head."),
        fixed_by=FixedBy("desk:1", "ticket", "Violet stripes", "en"),
        root_cause="Dried ink.",
        workaround="Print in grey.",
    )

    assert written_results([result]).splitlines()[-3:] == [
        "   Root cause: Dried ink.",
        "   Fix (from desk:1): Flushed the head.",
        "   Workaround: Print in grey.",
    ]
