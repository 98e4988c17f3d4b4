"""Say which segments of a Whoosh index are merged when something is committed.

Whoosh merges a few hundred documents a second, while the commit waits. Its own policy now and then merges nearly all
that there is: one commit of 500 documents to 20,000 took a minute and more than a gigabyte. Here only small segments
are merged, so that no commit waits for more than some 500 documents; large ones are kept as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from whoosh.codec.base import Segment
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

TOGETHER = 8
"""So many segments of like size are merged into one."""
LARGE = 64
"""A segment of as many documents is not merged any more."""


def merge_few(writer: SegmentWriter, segments: Sequence[Segment]) -> list[Segment]:
    """Add the documents of segments that are to be merged to the writer; return the segments that stay.

    A segment counts by the documents that are not deleted; one without any goes.
    """
    alike: defaultdict[bool, list[Segment]] = defaultdict(list)
    kept = []
    for segment in segments:
        living = segment.doc_count_all() - segment.deleted_count()
        if living >= LARGE:
            kept.append(segment)
        elif living:
            alike[living < TOGETHER].append(segment)
    for group in alike.values():
        if len(group) < TOGETHER:
            kept.extend(group)
            continue
        for segment in group:
            reader = SegmentReader(writer.storage, writer.schema, segment)
            writer.add_reader(reader)
            reader.close()
    return kept
