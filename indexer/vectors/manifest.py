"""Say which segments make up the index, oldest first: one small file, replaced whole, that commits everything else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.durable import write_atomically
from indexer.vectors.segment import SegmentFiles, damaged
from kb.recipe import Recipe

FILE_NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class VectorManifest:
    """One committed state. `generation` grows by one with every commit and never starts again."""

    recipe: Recipe
    generation: int
    segments: tuple[SegmentFiles, ...]


def manifest_bytes(directory: Path) -> bytes | None:
    """Return the manifest as it stands, `None` when there is none: equal bytes, equal index.

    Raises IndexUnavailable when it cannot be read.
    """
    try:
        return (directory / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise damaged(directory, str(error)) from error


def parsed_manifest(directory: Path, content: bytes) -> VectorManifest:
    """Read a manifest. Raises IndexUnavailable when it is damaged or of another format."""
    path = directory / FILE_NAME
    try:
        fields = json.loads(content)
        if fields["format"] != FORMAT:
            raise damaged(path, f"it has format {fields['format']}, this version reads {FORMAT}")
        return VectorManifest(
            recipe=Recipe(**fields["recipe"]),
            generation=int(fields["generation"]),
            segments=tuple(SegmentFiles(**segment) for segment in fields["segments"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(path, str(error)) from error


def commit(directory: Path, manifest: VectorManifest) -> None:
    """Make a state the index's own: before it returns readers see the old one or this one. Raises OSError."""
    content = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1)
    write_atomically(directory / FILE_NAME, content.encode())


def remove_orphans(directory: Path, manifest: VectorManifest) -> None:
    """Remove segment files that the manifest does not name: torn writes, and segments merged into others.

    A file that cannot be removed yet, because a reader on Windows has it open, stays for the next time.
    """
    named = {segment.name + ending for segment in manifest.segments for ending in segment.bytes}
    for path in segment_files(directory):
        if path.name not in named:
            try:
                path.unlink(missing_ok=True)
            except PermissionError:
                continue


def segment_files(directory: Path) -> list[Path]:
    """Return every file in the directory that belongs to a segment."""
    return sorted(path for path in directory.iterdir() if path.suffix in (".rows", ".columns", ".graph"))
