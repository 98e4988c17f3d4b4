"""Say how one document lies in a Whoosh index: the fields of the Tantivy index, but for what Whoosh does not need.

Whoosh serves as a durable inverted index. Document frequencies come from the postings, so there is no field for all
terms; the exact length of each text field stands in a column, as Whoosh itself keeps lengths in one byte.
"""

from __future__ import annotations

from whoosh import columns, fields, formats

from indexer.keyword.exact_text import exact_key, exact_keys, index_terms, surface_keys
from indexer.keyword.query_plan import microseconds
from indexer.keyword.readership import readership_key
from kb.protocols.keyword import KeywordEntry
from kb.queries import FILTER_FIELDS, TEXT_FIELDS

SCHEMA_VERSION = 1
"""Grows when the schema changes; an index of another version is built anew."""

KEY = "key"
ID = "id"
FINGERPRINT = "fingerprint"
IDENTIFIERS = "identifiers"
READERS = "readers"
DATED_AT = "dated_at"
UNDATED = -(2**63)


def surfaces_field(name: str) -> str:
    """Return the field that holds the whole words of a text field."""
    return f"{name}_surfaces"


def length_field(name: str) -> str:
    """Return the column that holds the number of terms in a text field."""
    return f"{name}_length"


def fact_field(name: str) -> str:
    """Return the field that holds a fact."""
    return f"f_{name}"


def keyword_schema() -> fields.Schema:
    """Return the schema; every indexed field takes a list of texts that are indexed as they are."""
    schema = fields.Schema()
    for name in (ID, FINGERPRINT):
        schema.add(name, fields.STORED())
    for name in (KEY, IDENTIFIERS, READERS, *map(fact_field, FILTER_FIELDS)):
        schema.add(name, _listed(formats.Existence()))
    for name in TEXT_FIELDS:
        schema.add(name, _listed(formats.Frequency()))
        schema.add(surfaces_field(name), _listed(formats.Positions()))
        schema.add(length_field(name), fields.COLUMN(columns.NumericColumn("i", default=0)))
    schema.add(DATED_AT, fields.COLUMN(columns.NumericColumn("q", default=UNDATED)))
    return schema


def _listed(kept: formats.Format) -> fields.FieldType:
    # Scorable only because Whoosh looks on disk, for each posting, for the lengths of a field that is not.
    return fields.FieldType(kept, None, scorable=True)


def whoosh_document(entry: KeywordEntry) -> dict[str, str | int | list[str]]:
    """Return an entry as the engine takes it: field → value."""
    facts = entry.facts
    document: dict[str, str | int | list[str]] = {
        KEY: [exact_key(facts.id)],
        ID: facts.id,
        FINGERPRINT: entry.fingerprint,
        READERS: [readership_key(facts)],
    }
    for name in TEXT_FIELDS:
        if terms := index_terms(entry.terms.get(name, ())):
            document[name] = terms
            document[length_field(name)] = len(terms)
        if surfaces := surface_keys(entry.surfaces.get(name, ())):
            document[surfaces_field(name)] = surfaces
    if identifiers := exact_keys(entry.identifiers):
        document[IDENTIFIERS] = identifiers
    for name in FILTER_FIELDS:
        if values := facts.values.get(name):
            document[fact_field(name)] = [exact_key(value) for value in sorted(values) if value]
    if facts.dated_at is not None:
        document[DATED_AT] = microseconds(facts.dated_at)
    return document
