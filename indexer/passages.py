"""Cut a document into the passages that are embedded.

The model reads some 126 word pieces and ignores the rest, so a passage is cut to that: an article along its headings,
each passage led by title and heading path; a ticket as its title and description, since that is how another ticket will
tell the same problem. Where the words of an article's file name say more than its title, they are a passage of their
own: MRR@10 of office's alternative titles goes from 0.910 to 0.931 on `tune`. A ticket's resolution is not embedded: it
is not what the next person will write.

Linear in the text. Of a very long text only its beginning and its end are embedded (a log says what broke in either);
keyword search covers the rest.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.documents import Article, Document, Ticket
from kb.file_names import name_words, says_more
from kb.plain_text import sections

MOST_PASSAGES_OF_ARTICLE = 64
MOST_PASSAGES_OF_TICKET = 8
"""Beyond these, three quarters are taken from the beginning and one from the end."""

_PIECES = 126
"""Word pieces that a model of 128 tokens reads besides its two marks."""
_OVERFLOW = 1.1
"""A rest that is so little too long stays whole: a passage of a few words would match anything."""
_FILLED = 0.7
"""A passage is filled to this share before it may end at a paragraph, line or sentence."""
_SHORT = 40
"""Sections of fewer pieces are joined with their neighbour: alone they say too little and cost as much."""
_LONGEST_PATH = 200
_LONGEST_TEXT = 2_000
"""Characters; more than any model here reads. What exceeds it is one endless word, such as an encoded file."""
_HEAD = 192 * 1024
_TAIL = 64 * 1024
"""Characters of a longer text that are looked at, at its beginning and end: more than the passages above can hold."""

_WORD = re.compile(r"\S+")
_RUN = re.compile(r"\w+|[^\w\s]")
_SENTENCE_END = re.compile(r"[.!?:;…][\"'»“”)\]]*$")
_LETTERS_A_PIECE = {"en": 7}
_LETTERS_A_PIECE_ELSEWHERE = 4
"""Measured with the default model's word pieces on 1,800 articles and tickets, 90 words at a time: in the middle the
estimate is 3 % off for English; its vocabulary is English and cuts German words finer.
"""


@dataclass(frozen=True, slots=True)
class Passage:
    """One text to embed. `number` counts from 0, the title passage; `heading` is its path without the title.

    `start` and `end` are the half-open range of code points that it covers of the text it was cut from:
    `plain_text(article.body, article.title)` or a ticket's description. Passages cover that text in order.
    """

    number: int
    text: str
    heading: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """A section: its heading path; where it, its own heading line and its text begin; where it ends.

    It begins before its heading line when headings above it have no text of their own.
    """

    path: tuple[str, ...]
    start: int
    heading: int
    text: int
    end: int


def passages_of(document: Document) -> tuple[Passage, ...]:
    """Return a document's passages in order of their numbers, none when it has no text at all."""
    found, most = list(_cuts_in(document)), _most_of(document)
    if len(found) > most:
        found = found[: most - most // 4] + found[-(most // 4) :]
    kept = [one for one in found if one[0].strip()]
    return tuple(
        Passage(number, text[:_LONGEST_TEXT], heading, start, end)
        for number, (text, heading, start, end) in enumerate(kept)
    )


def passage_text(document: Document, number: int) -> str | None:
    """Return the text of one passage as `passages_of` numbers them, `None` when there is none.

    Cuts no more of the document than it must: a page of results asks for one passage of each.
    """
    most = _most_of(document)
    kept = 0
    for at, (text, _, _, _) in enumerate(_cuts_in(document)):
        if at == most - most // 4:  # from here on it matters how many there are
            passages = passages_of(document)
            return passages[number].text if number < len(passages) else None
        if text.strip():
            if kept == number:
                return text[:_LONGEST_TEXT]
            kept += 1
    return None


def text_hash(text: str) -> str:
    """Return the name under which the store keeps the vector of a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_Cut = tuple[str, tuple[str, ...], int, int]


def _most_of(document: Document) -> int:
    return MOST_PASSAGES_OF_TICKET if isinstance(document, Ticket) else MOST_PASSAGES_OF_ARTICLE


def _cuts_in(document: Document) -> Iterator[_Cut]:
    letters = _LETTERS_A_PIECE.get(document.language.partition("-")[0].casefold(), _LETTERS_A_PIECE_ELSEWHERE)
    if isinstance(document, Ticket):
        return _ticket_passages(document, letters)
    return _article_passages(document, letters)


def _ticket_passages(ticket: Ticket, letters: int) -> Iterator[_Cut]:
    text = ticket.description
    title = " ".join(ticket.title.split())
    room = _room(title, letters)
    cuts = [cut for start, end in _looked_at(0, len(text), len(text)) for cut in _cuts(text, start, end, room, letters)]
    if not cuts:
        yield title, (), 0, 0
    for start, end in cuts:
        yield f"{_shortened(title) if start else title}\n{text[start:end]}".strip(), (), start, end


def _article_passages(article: Article, letters: int) -> Iterator[_Cut]:
    title = " ".join(article.title.split())
    yield title, (), 0, 0
    if name := told_by_name(article):
        yield name, (), 0, 0
    text, parts = _laid_out(article)
    for path, group in _groups(text, parts, title, letters):
        prefix = _prefix(title, path)
        first, last = group[0], group[-1]
        begin = first.start
        if prefix == _joined(title, path):  # headings that the prefix names in full are not repeated below it
            begin = (first.text, first.heading, first.start)[min(len(first.path) - len(path), 2)]
        cuts = list(_cuts(text, begin, last.end, _room(prefix, letters), letters)) or [(begin, last.end)]
        for number, (start, end) in enumerate(cuts):
            yield f"{prefix}\n{text[start:end]}".strip(), path, start if number else first.start, end


def told_by_name(article: Article) -> str:
    """Return the words of the article's file name where they say more than its title, else an empty text."""
    name = name_words(article.id)
    return name if says_more(name, article.title) else ""


def _laid_out(article: Article) -> tuple[str, list[_Part]]:
    """Return the plain text of an article and the parts of it that are looked at."""
    lines: list[str] = []
    parts: list[_Part] = []
    position = 0
    for section in sections(article.body, article.title):
        start = position
        if section.path:
            lines.append(section.path[-1])
            position += len(section.path[-1]) + 1
        below = position
        if section.text:
            lines.append(section.text)
            position += len(section.text) + 1
        part = _Part(section.path, start, start, below, position - 1)
        if parts and parts[-1].text > parts[-1].end and section.path[: len(parts[-1].path)] == parts[-1].path:
            part = replace(part, start=parts.pop().start)
        parts.append(part)
    text = "\n".join(lines)
    return text, [
        _Part(part.path, start, max(start, min(part.heading, end)), max(start, min(part.text, end)), end)
        for part in parts
        for start, end in _looked_at(part.start, part.end, len(text))
    ]


def _looked_at(start: int, end: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield what of a range lies in the beginning or the end of a text."""
    if length <= _HEAD + _TAIL:
        yield start, end
        return
    if start < _HEAD:
        yield start, min(end, _HEAD)
    if end > length - _TAIL:
        yield max(start, length - _TAIL), end


def _groups(
    text: str, parts: Sequence[_Part], title: str, letters: int
) -> Iterator[tuple[tuple[str, ...], list[_Part]]]:
    """Yield sections, short ones joined with their neighbours, each group with the heading path all of it shares."""
    group: list[_Part] = []
    path: tuple[str, ...] = ()
    size = 0
    for part in parts:
        pieces = _pieces_or_many(text[part.start : part.end], letters)
        shared = _shared(path, part.path)
        is_next = bool(group) and part.start == group[-1].end + 1  # not beyond what is left out of a long text
        is_near = is_next and len(shared) >= len(path) - 1
        is_short = min(size, pieces) < _SHORT
        if is_near and is_short and size + pieces + _pieces(_prefix(title, shared), letters) <= _PIECES:
            group.append(part)
            path, size = shared, size + pieces
            continue
        if group:
            yield path, group
        group, path, size = [part], part.path, pieces
    if group:
        yield path, group


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return one[:length]


def _joined(title: str, path: Sequence[str]) -> str:
    return " > ".join(name for name in (title, *path) if name)


def _prefix(title: str, path: Sequence[str]) -> str:
    full = _joined(title, path)
    if len(full) <= _LONGEST_PATH or not path:
        return _shortened(full)
    half = _LONGEST_PATH // 2
    return f"{title[:half].rstrip()} > {path[-1][:half].rstrip()}"


def _shortened(line: str) -> str:
    return line[:_LONGEST_PATH].rstrip()


def _room(prefix: str, letters: int) -> int:
    """Return how many pieces are left beside a prefix: at least half, however long it is."""
    return max(_PIECES - _pieces(prefix, letters), _PIECES // 2)


def _pieces(text: str, letters: int) -> int:
    """Estimate how many word pieces a tokeniser makes of a text."""
    lengths = list(map(len, _RUN.findall(text)))
    return len(lengths) + sum([(length - 1) // letters for length in lengths if length > letters])


def _pieces_of_word(word: str, letters: int) -> int:
    """Return the estimate for what stands between spaces: mostly letters alone, or a mark behind them."""
    if word.isalnum():
        return 1 + (len(word) - 1) // letters
    if word[-1] != "_" and not word[-1].isalnum() and word[:-1].isalnum():
        return 2 + (len(word) - 2) // letters
    return _pieces(word, letters)


def _pieces_or_many(text: str, letters: int) -> int:
    """Return the estimate, or the number of words where that alone is more than any passage holds."""
    words = len(text.split())
    return words if words > _PIECES * _OVERFLOW else _pieces(text, letters)


def _cuts(text: str, start: int, end: int, room: int, letters: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of at most `room` pieces (a single longer word aside) that cover all words of a range in order.

    Each ends at the best break in its last part: paragraph, line, sentence, word; of equals at the latest. No more
    words are read than the range that is asked for needs.
    """
    if end - start <= _LONGEST_TEXT:
        whole = text[start:end]
        if _pieces_or_many(whole, letters) <= room * _OVERFLOW:
            first, length = end - len(whole.lstrip()), len(whole.strip())
            if length:
                yield first, first + length
            return
    words = _WORD.finditer(text, start, end)
    bounds: list[tuple[int, int]] = []
    pieces = [0]  # of the words before each, and of all that were read
    first = 0
    while True:
        spent = pieces[first]
        while pieces[-1] - spent <= room * _OVERFLOW:
            word = next(words, None)
            if word is None:
                if first < len(bounds):
                    yield bounds[first][0], bounds[-1][1]
                return
            bounds.append(word.span())
            pieces.append(pieces[-1] + _pieces_of_word(word.group(), letters))
        stop = max(first + 1, bisect_right(pieces, spent + room) - 1)
        best = 0
        for number in range(stop, bisect_right(pieces, spent + int(room * _FILLED)) - 1, -1):
            if first + 1 <= number < len(bounds) and (found := _break_before(text, start, bounds, number)) > best:
                stop, best = number, found
        yield bounds[first][0], bounds[stop - 1][1]
        first = stop


def _break_before(text: str, start: int, bounds: Sequence[tuple[int, int]], number: int) -> int:
    """Return how good a place to cut lies before a word: 3 a paragraph's end, 2 a line's, 1 a sentence's, else 0."""
    before, after = bounds[number - 1][1], bounds[number][0]
    if lines := text.count("\n", before, after):
        return 3 if lines > 1 else 2
    return 1 if _SENTENCE_END.search(text, max(start, before - 4), before) else 0
