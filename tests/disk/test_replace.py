"""A file beside the generated ones: replaced as it was read, or made where nothing is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from llmstack.disk.error import ChangedMeanwhileError, DiskError
from llmstack.disk.replace import create_file, replace_file
from llmstack.errors import RefusedError


def test_a_new_file_comes_with_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b"
    create_file(file, b"1")
    create_file(file, b"1")
    create_file(file.with_name("c"), b"1")
    create_file(tmp_path / "x" / "y" / "z", b"1")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"1", 0o644)
    with pytest.raises(RefusedError):
        create_file(file, b"2")
    with pytest.raises(DiskError, match="cannot be written"):
        create_file(file / "below", b"1")
    assert file.read_bytes() == b"1"


@pytest.mark.parametrize("end", ["same", "nowhere", "."])
def test_a_link_is_never_a_new_file(end: str, tmp_path: Path) -> None:
    (tmp_path / "same").write_bytes(b"1")
    (tmp_path / "link").symlink_to(end)
    with pytest.raises(RefusedError):
        create_file(tmp_path / "link", b"1")
    assert sorted(os.listdir(tmp_path)) == ["link", "same"]


def test_a_file_is_replaced_as_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    file.chmod(0o640)
    replace_file(file, b"1", b"2")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"2", 0o640)
    with pytest.raises(ChangedMeanwhileError):
        replace_file(file, b"1", b"3")
    assert (file.read_bytes(), os.listdir(tmp_path)) == (b"2", ["a"])
