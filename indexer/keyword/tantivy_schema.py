"""Say how one document lies in a Tantivy index.

| field | holds |
| --- | --- |
| `key` | the id as it is looked up |
| `id`, `fingerprint` | stored, to answer with |
| `title`, `body`, `fix` | index terms with their frequency, for BM25 |
| `any` | the terms of all three, for document frequencies and counting |
| `title_surfaces` … | whole words with positions, for phrases |
| `identifiers` | canonical forms |
| `f_type` … | facts, exact and in columns, for filters and facets |
| `shown` | `yes` or `no`: whether its state shows the document to those who may not edit; every document has it |
| `dated_at` | microseconds since 1970; undated documents lack it |
"""

from __future__ import annotations

import tantivy

from indexer.keyword.exact_text import SEPARATOR, exact_key, exact_keys, index_terms
from indexer.keyword.query_plan import is_for_anyone, microseconds
from kb.protocols.keyword import KeywordEntry
from kb.queries import FILTER_FIELDS, TEXT_FIELDS

SCHEMA_VERSION = 1
"""Grows when the table above changes; an index of another version is built anew."""

KEY = "key"
ID = "id"
FINGERPRINT = "fingerprint"
ANY_TEXT = "any"
IDENTIFIERS = "identifiers"
SHOWN = "shown"
SHOWN_YES = "yes"
SHOWN_NO = "no"
DATED_AT = "dated_at"
_UNITS = "units"


def surfaces_field(name: str) -> str:
    """Return the field that holds the whole words of a text field."""
    return f"{name}_surfaces"


def fact_field(name: str) -> str:
    """Return the field that holds a fact."""
    return f"f_{name}"


def keyword_schema() -> tantivy.Schema:
    """Return the schema of the table above."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(KEY, tokenizer_name="raw", index_option="basic")
    for name in (ID, FINGERPRINT):
        builder.add_bytes_field(name, stored=True)
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name=_UNITS, index_option="freq")
        builder.add_text_field(surfaces_field(name), tokenizer_name=_UNITS, index_option="position")
    builder.add_text_field(ANY_TEXT, tokenizer_name=_UNITS, index_option="basic")
    builder.add_text_field(IDENTIFIERS, tokenizer_name=_UNITS, index_option="basic")
    for name in (*map(fact_field, FILTER_FIELDS), SHOWN):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field(DATED_AT, fast=True)
    return builder.build()


def register_tokenizer(index: tantivy.Index) -> None:
    """Tell an opened index how our terms are told apart.

    Terms joined by a separator are added 2.7 times as fast as a `PreTokenizedString` of as many `Token` objects.
    """
    cut = tantivy.Tokenizer.regex(f"[^{SEPARATOR}]+")
    index.register_tokenizer(_UNITS, tantivy.TextAnalyzerBuilder(cut).build())


def stored_text(document: tantivy.Document, name: str) -> str:
    """Return what a found document answers with."""
    held: bytes = document.get_first(name) or b""
    return bytes(held).decode("utf-8", "surrogatepass")


def tantivy_document(entry: KeywordEntry) -> tantivy.Document:
    """Return an entry as the engine takes it."""
    document = tantivy.Document()
    document.add_text(KEY, exact_key(entry.facts.id))
    for name, text in ((ID, entry.facts.id), (FINGERPRINT, entry.fingerprint)):
        document.add_bytes(name, text.encode("utf-8", "surrogatepass"))
    held: dict[str, None] = {}
    for name in TEXT_FIELDS:
        terms = index_terms(entry.terms.get(name, ()))
        if terms:
            document.add_text(name, SEPARATOR.join(terms))
            held.update(dict.fromkeys(terms))
        surfaces = exact_keys(entry.surfaces.get(name, ()))
        if surfaces:
            document.add_text(surfaces_field(name), SEPARATOR.join(surfaces))
    if held:
        document.add_text(ANY_TEXT, SEPARATOR.join(held))
    if entry.identifiers:
        document.add_text(IDENTIFIERS, SEPARATOR.join(exact_keys(entry.identifiers)))
    for name in FILTER_FIELDS:
        for value in sorted(entry.facts.values.get(name, ())):
            document.add_text(fact_field(name), exact_key(value))
    document.add_text(SHOWN, SHOWN_YES if is_for_anyone(entry.facts) else SHOWN_NO)
    if entry.facts.dated_at is not None:
        document.add_integer(DATED_AT, microseconds(entry.facts.dated_at))
    return document
