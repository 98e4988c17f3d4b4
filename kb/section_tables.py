"""Read and write the table in a section of a post-mortem, whose header says in which language it is, as rows. Pure.

A table that has other columns, or a cell that means nothing there, is nobody's rows: it is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kb.markdown_tables import Table, first_table, table_text, with_rows
from kb.post_mortem_sections import is_german, section_of, with_section

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class SectionTable(Generic[Row]):
    """The first table of the section `section`.

    `headers` maps `en` and `de` to the names of its columns. `row_of` makes a row of one cell for each column, or
    `None` of cells that it does not understand; `cells_of` returns the cells of a row in a language.
    """

    section: str
    headers: Mapping[str, tuple[str, ...]]
    row_of: Callable[[Sequence[str]], Row | None]
    cells_of: Callable[[Row, str], tuple[str, ...]]

    def rows(self, body: str) -> tuple[Row, ...] | None:
        """Return the rows as they stand; `None` where there is no such table."""
        table = self._first(body)
        return None if table is None else self._read(table)

    def table(self, body: str) -> Table | None:
        """Return the table with its place; `None` without one, or when it is an odd one."""
        table = self._first(body)
        return table if table is not None and self._read(table) is not None else None

    def text(self, rows: Sequence[Row], language: str) -> str:
        """Return rows as a Markdown table in English or German."""
        code = "de" if is_german(language) else "en"
        return table_text(self.headers[code], [self.cells_of(row, code) for row in rows])

    def put(self, body: str, rows: Sequence[Row], language: str) -> str:
        """Return the body with these rows; the section is made where there is none.

        A table keeps the language of its header, and its lines as far as their rows stay. An odd one stays as it is,
        and so does the whole body.
        """
        section = section_of(body, self.section)
        if section is None:
            return with_section(body, self.section, self.text(rows, language), language)
        table = first_table(body, section.text_start, section.end)
        if table is None:
            lead = body[: section.own_end].rstrip("\n")
            return f"{lead}\n\n{self.text(rows, language)}\n{body[section.own_end :]}"
        before, code = self._read(table), self._language(table)
        if before is None:
            return body
        return with_rows(
            body, table, [self.cells_of(row, code) for row in before], [self.cells_of(row, code) for row in rows]
        )

    def _first(self, body: str) -> Table | None:
        section = section_of(body, self.section)
        return first_table(body, section.text_start, section.end) if section else None

    def _read(self, table: Table) -> tuple[Row, ...] | None:
        width = len(self.headers["en"])
        if not self._language(table) or any(len(cells) > width for cells in table.rows):
            return None
        rows = [self.row_of((*cells, *[""] * (width - len(cells)))) for cells in table.rows]
        found = tuple(row for row in rows if row is not None)
        return found if len(found) == len(rows) else None

    def _language(self, table: Table) -> str:
        header = tuple(cell.strip().casefold() for cell in table.header)
        return next(
            (code for code, names in self.headers.items() if header == tuple(one.casefold() for one in names)), ""
        )
