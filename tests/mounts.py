"""Give a test a disk of its own that it may fill, make read-only or break. Needs root; without, the test is skipped."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A small file system mounted at `place`."""

    def __init__(self, place: Path):
        self.place = place
        self._ballast = place / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Take all room but `leave` bytes."""
        block = b"\0" * 4096
        with self._ballast.open("ab", buffering=0) as file:
            free = os.statvfs(self.place)
            for _ in range(max(0, free.f_bavail * free.f_frsize - leave) // len(block)):
                file.write(block)
            if not leave:
                try:
                    while file.write(block):
                        pass
                except OSError:
                    pass

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink()

    def make_read_only(self) -> None:
        """Refuse writes from now on. Nothing may be open for writing."""
        _mount("-o", "remount,ro", str(self.place))

    def make_writable(self) -> None:
        """Take writes again."""
        _mount("-o", "remount,rw", str(self.place))

    def break_down(self) -> None:
        """Do what the system does when a disk fails: refuse all writes at once, also to files that are open."""
        _mount("-o", "remount,abort", str(self.place))


@contextmanager
def tmpfs(place: Path, size: str) -> Iterator[Disk]:
    """Mount memory as a disk for the length of a `with` block."""
    place.mkdir(parents=True)
    _mount_orskip_or_fail("-t", "tmpfs", "-o", f"size={size}", "fixlore-test", str(place))
    try:
        yield Disk(place)
    finally:
        _unmount(place)


@contextmanager
def ext4(place: Path, image: Path, size: str) -> Iterator[Disk]:
    """Mount a file as a disk for the length of a `with` block; it can break down. One that is there is mended first."""
    place.mkdir(parents=True, exist_ok=True)
    if image.exists():
        mended = subprocess.run(["e2fsck", "-f", "-y", str(image)], capture_output=True)
        assert mended.returncode in (0, 1), mended
    else:
        with image.open("wb") as file:
            file.truncate(int(size.removesuffix("m")) * 2**20)
        try:
            subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            skip_or_fail(f"cannot make a file system: {error}")
    _mount_orskip_or_fail("-o", "loop,errors=remount-ro", str(image), str(place))
    try:
        yield Disk(place)
    finally:
        _unmount(place)


def _unmount(place: Path) -> None:
    """Unmount at once where nothing holds the disk any more: one that is let go of later may write what was mended."""
    for _ in range(50):
        if subprocess.run(["umount", str(place)], capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "-l", str(place)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _mount_orskip_or_fail(*arguments: str) -> None:
    try:
        _mount(*arguments)
    except (OSError, subprocess.CalledProcessError) as error:
        told = error.stderr.decode() if isinstance(error, subprocess.CalledProcessError) else str(error)
        skip_or_fail(f"cannot mount a disk, which takes root: {told.strip()}")


def skip_or_fail(why: str) -> None:
    """Skip on a developer's machine; where everything must be shown (CI is set), fail."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
