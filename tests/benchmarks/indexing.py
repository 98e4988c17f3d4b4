"""How fast are documents taken in and indexed, and how much of that is not encoding?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from indexer.passages import passages_of
from tests.benchmarks.collection import write_collection
from tests.benchmarks.latency import Latency, each, latency_of, timed
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench, bring_up, quiet, take_in
from web.wiring import open_services

STAGE = "indexing"
_REPETITIONS = 3
_SHARE_ON_ONE_CORE = 4


def sample_rows(bench: Workbench) -> list[Row]:
    """Import and index a sample with the real encoder, again with its vectors at hand, and import it unchanged."""
    directory = bench.directory / "sample-files"
    settings = bench.new_home("sample-home")
    bench.say(f"indexing a sample of {bench.sample:,} passages with the real encoder")
    written = write_collection(bench.variation, bench.sample, directory)
    with open_services(settings, quiet, lambda: bench.encoder) as services:
        import_seconds = take_in(services.store, written)
        index_seconds, encoded = bring_up(services)
        rebuild_seconds, encoded_again = bring_up(services, rebuild=True)
        unchanged_seconds = take_in(services.store, written) + bring_up(services)[0]
        documents = services.store.documents(list(services.store.all_ids())).values()
    if encoded_again:
        raise SystemExit(f"{encoded_again} texts were encoded although their vectors were at hand")
    texts = list(dict.fromkeys(one.text for document in documents for one in passages_of(document)))
    if len(texts) != encoded:
        raise SystemExit(f"{encoded} texts were encoded, but the sample has {len(texts)}")

    one_core = latency_of([timed(each(bench.encoder.encode_query, texts[::_SHARE_ON_ONE_CORE]))])
    all_cores = latency_of([timed([lambda: bench.encoder.encode_documents(texts)]) for _ in range(_REPETITIONS)])
    alone = _encoding_rows(len(texts), one_core, all_cores, bench.sample)
    encoding_seconds = all_cores.p50 / 1000

    def row(what: str, seconds: float, *ratios: Ratio) -> Row:
        figures = (Figure(len(documents) / seconds, "documents a second"), Figure(seconds, "s"))
        return Row(STAGE, what, bench.sample, figures, ratios)

    def against(seconds: float) -> Ratio:
        return Ratio(seconds / encoding_seconds, "the time of encoding alone")

    whole = import_seconds + index_seconds
    return [
        *alone,
        row("import and index, real encoder", whole, against(whole)),
        row("index again, vectors at hand", rebuild_seconds, against(rebuild_seconds)),
        row(
            "import again, nothing changed",
            unchanged_seconds,
            Ratio(unchanged_seconds / whole, "the time of the first import and index"),
        ),
    ]


def _encoding_rows(texts: int, one_core: Latency, all_cores: Latency, passages: int) -> list[Row]:
    one = Row(STAGE, "encode, one core", passages, (Figure(one_core.per_second, "texts a second"),))
    every = Row(
        STAGE,
        "encode, all cores",
        passages,
        (Figure(texts * 1000 / all_cores.p50, "texts a second"),),
        spread=(texts * 1000 / all_cores.spread[1], texts * 1000 / all_cores.spread[0]),
    )
    return [one, replace(every, ratios=compared(every, one))]


def collection_rows(homes: Sequence[MeasuredHome]) -> list[Row]:
    """Return how fast the large collections went in, whose vectors were stand-ins; none for one that was found."""
    rows: list[Row] = []
    first: dict[str, Row] = {}
    for home in homes:
        if not home.is_new:
            continue
        for what, seconds in (("import", home.import_seconds), ("index, without encoding", home.index_seconds)):
            figures = (
                Figure(home.documents / seconds, "documents a second"),
                Figure(home.passages / seconds, "passages a second"),
            )
            row = Row(STAGE, what, home.passages, figures)
            rows.append(replace(row, ratios=compared(row, first.get(what))))
            first.setdefault(what, row)
    return rows
