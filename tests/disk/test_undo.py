"""Renames taken back, one by one: what is put where it stood, and what somebody else has changed since."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmstack.disk.folders import Folders
from llmstack.disk.undo import Done, find_signature, keep, roll_back


@dataclass(frozen=True)
class Place:
    """A root with the folder `base`, and the staging folder of a run."""

    root: Path
    staging: Path
    descriptors: tuple[int, int]

    def done(self, name: str, before: bytes | None, kept: str | None = None) -> Done:
        """What was done to a file of `base`, as it is there now."""
        folder = os.open(self.root / "base", os.O_RDONLY)
        try:
            return Done("base", name, before, kept, find_signature(name, folder))
        finally:
            os.close(folder)

    def roll_back(self, *done: Done) -> bool:
        with Folders(self.descriptors[0]) as folders:
            return roll_back(done, self.descriptors[1], folders)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root, staging = tmp_path / "root", tmp_path / "staging"
    (root / "base").mkdir(parents=True)
    staging.mkdir()
    descriptors = os.open(root, os.O_RDONLY), os.open(staging, os.O_RDONLY)
    yield Place(root, staging, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)


def test_a_file_that_was_made_goes_and_others_come_back(place: Place) -> None:
    base = place.root / "base"
    (base / "made").write_text("new")
    (base / "written").write_text("new")
    (place.staging / "1").write_text("kept")
    done = place.done("made", None), place.done("written", b"not asked", "1"), place.done("deleted", b"old")
    assert place.roll_back(*done)
    assert {each.name: each.read_text() for each in base.iterdir()} == {"written": "kept", "deleted": "old"}
    assert stat.S_IMODE((base / "deleted").stat().st_mode) == 0o644


def test_the_last_is_put_back_first(place: Place) -> None:
    file = place.root / "base" / "a"
    file.write_text("second")
    (place.staging / "1").write_text("before all")
    later = place.done("a", b"first")
    assert not place.roll_back(place.done("a", b"", "1"), later), "what the later one puts back is not what was there"
    assert file.read_text() == "first"


@pytest.mark.parametrize("changed", ["written", "gone", "come"])
def test_what_somebody_has_changed_since_stays(changed: str, place: Place) -> None:
    file, other = place.root / "base" / "a", place.root / "base" / "b"
    other.write_text("made")
    if changed != "come":
        file.write_text("ours")
    done = place.done("b", None), place.done("a", b"old")
    if changed == "gone":
        file.unlink()
    else:
        file.write_text("theirs, longer")
    assert not place.roll_back(*done)
    assert (file.read_text() if file.exists() else None) == (None if changed == "gone" else "theirs, longer")
    assert not other.exists(), "the rest is put back all the same"


def test_what_cannot_be_put_back_is_told(place: Place) -> None:
    (place.root / "base" / "a").write_text("ours")
    assert not place.roll_back(place.done("a", b"old", "not kept"))
    made = place.done("a", None)
    assert not place.roll_back(made, Done("nowhere", "a", b"old", None, None)), "its folder is gone"
    assert not (place.root / "base" / "a").exists(), "the rest is put back all the same"


def test_a_file_is_kept_by_a_second_name(place: Place) -> None:
    base = place.root / "base"
    (base / "a").write_text("ours")
    folder = os.open(base, os.O_RDONLY)
    try:
        assert keep("a", folder, "1", place.descriptors[1])
        assert not keep("a", folder, "1", place.descriptors[1]), "the name is taken"
        assert not keep("b", folder, "2", place.descriptors[1])
    finally:
        os.close(folder)
    assert (place.staging / "1").samefile(base / "a")
