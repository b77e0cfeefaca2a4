"""One file of llmstack's own: written whole, never over what somebody wrote, never through a link."""

from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.disk.error import DiskError
from llmstack.disk.keep import keep_file
from llmstack.errors import RefusedError

MARK = b"# made by llmstack\n"


def test_a_file_is_made_rewritten_and_left(tmp_path: Path) -> None:
    root, path = tmp_path / "new", "a/b/file"
    before = os.umask(0o077)
    try:
        assert keep_file(root, path, MARK + b"1", MARK) is True
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / path).stat().st_mode) == 0o644
    assert keep_file(root, path, MARK + b"1", MARK) is False
    assert keep_file(root, path, MARK + b"2", MARK) is True
    assert (root / path).read_bytes() == MARK + b"2"
    assert os.listdir(root / "a/b") == ["file"]


def test_what_somebody_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(RefusedError):
        keep_file(tmp_path, "file", MARK, MARK)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert keep_file(tmp_path, "file", b"mine", MARK) is False, "as it should be, whoever wrote it"


@pytest.mark.parametrize(("link", "path"), [("file", "file"), ("a", "a/file")])
def test_a_link_is_not_followed(link: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root").mkdir()
    end = tmp_path / "elsewhere" / ("file" if link == "file" else "")
    (tmp_path / "root" / link).symlink_to(end)
    with pytest.raises(DiskError):
        keep_file(tmp_path / "root", path, MARK, MARK)
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize(("root", "says"), [("file", "cannot be made"), ("file/below", "cannot be made")])
def test_a_root_that_is_no_folder(root: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match=says):
        keep_file(tmp_path / root, "a", MARK, MARK)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    keep_file(tmp_path, "file", MARK, MARK)
    most, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(MARK), most[1]))
    try:
        with pytest.raises(DiskError, match="cannot be written: File too large"):
            keep_file(tmp_path, "file", MARK + b"more", MARK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (os.listdir(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], MARK)


@pytest.mark.parametrize(("make", "error"), [(os.mkdir, DiskError), (os.mkfifo, RefusedError)])
def test_what_is_no_file_stays_in_its_place(
    make: Callable[[Path], None], error: type[Exception], tmp_path: Path
) -> None:
    make(tmp_path / "file")
    with pytest.raises(error, match="file"):
        keep_file(tmp_path, "file", MARK, MARK)
    assert os.listdir(tmp_path) == ["file"]
    assert not (tmp_path / "file").is_file()
