"""What stands in the way of a file that is to be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack.disk.error import DiskError
from llmstack.disk.listing import Listing, list_tree, read_file, read_if_other, read_rest


def test_a_link_at_or_above_a_path_is_in_its_way() -> None:
    listing = Listing(links={"overlays/prod", "base/x"})
    for path in ("overlays/prod", "overlays/prod/models/a.yaml"):
        assert listing.link_on_the_way(path) == "overlays/prod"
    for path in ("overlays/production/a.yaml", "overlays", "base/xy", "base"):
        assert listing.link_on_the_way(path) is None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a file, a link, a pipe and an empty folder, in folders whose names begin alike."""
    for folder in ("base/router", "base/empty", "bases", "overlays/prod"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("base/a.yaml", "base/router/b.yaml", "bases/c.yaml", "overlays/prod/d.yaml"):
        (tmp_path / file).write_text("a")
    (tmp_path / "base" / "link").symlink_to("router")
    os.mkfifo(tmp_path / "base" / "pipe")
    return tmp_path


@pytest.mark.parametrize("scopes", [["base"], ["base", "base/router"], ["base", "base"]])
def test_a_scope_is_listed_with_all_below_it(scopes: list[str], root: Path) -> None:
    assert list_tree(root, scopes, []) == Listing(
        files={"base/a.yaml", "base/router/b.yaml"}, folders={"base", "base/router", "base/empty"},
        links={"base/link"}, others={"base/pipe"}, empty={"base/empty"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scopes", "wanted", "found"),
    [
        (["base/router"], [], Listing(files={"base/router/b.yaml"}, folders={"base", "base/router"})),
        (["nowhere"], [], Listing()),
        (["base/a.yaml"], [], Listing(files={"base/a.yaml"}, folders={"base"})),
        (["base/link"], [], Listing(links={"base/link"}, folders={"base"})),
        ([], ["base/a.yaml"], Listing(files={"base/a.yaml"}, folders={"base"})),
        ([], ["base/pipe"], Listing(others={"base/pipe"}, folders={"base"})),
        ([], ["base/link/x.yaml"], Listing(links={"base/link"}, folders={"base"})),
        ([], ["base/a.yaml/x.yaml"], Listing(files={"base/a.yaml"}, folders={"base"})),
        ([], ["base/nowhere/x.yaml"], Listing(folders={"base"})),
        (["base/router"], ["bases/c.yaml"], Listing(
            files={"base/router/b.yaml", "bases/c.yaml"}, folders={"base", "base/router", "bases"},
        )),
    ],
)  # fmt: skip
def test_what_is_outside_of_the_scopes_is_looked_at_one_by_one(
    scopes: list[str], wanted: list[str], found: Listing, root: Path
) -> None:
    assert list_tree(root, scopes, wanted) == found


@pytest.mark.parametrize("path", ["", ".", "/base", "base/", "base//a", "../a", "base/../a", ".git", "base/.git/a"])
def test_a_path_that_is_not_plain_is_refused(path: str, root: Path) -> None:
    for scopes, wanted in (([path], []), ([], [path])):
        with pytest.raises(ValueError, match="not a path below the root"):
            list_tree(root, scopes, wanted)


def test_what_cannot_be_looked_at_is_an_error_with_its_path(root: Path) -> None:
    with pytest.raises(DiskError, match="File name too long"):
        list_tree(root, [], [f"base/{'x' * 300}/a.yaml"])


def test_a_file_is_read_whole_in_part_or_not_at_all(root: Path) -> None:
    file = root / "base" / "a.yaml"
    file.write_bytes(b"x" * 200_000)
    path = os.fspath(file)
    assert read_file(path) == b"x" * 200_000
    assert read_file(path, limit=3) == b"xxx"
    assert read_if_other(path, b"x" * 200_000) is None
    assert read_if_other(path, b"x" * 199_999) == b"x" * 200_000
    assert read_if_other(path, b"y") == b"x" * 200_000
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert [len(read_rest(descriptor, limit)) for limit in (0, 100_000, None)] == [0, 100_000, 100_000]
    finally:
        os.close(descriptor)
    for read in (
        lambda: read_file(os.fspath(root / "base/link")),
        lambda: read_if_other(os.fspath(root / "base/link"), b""),
    ):
        with pytest.raises(OSError, match="symbolic links"):
            read()
