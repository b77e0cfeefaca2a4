"""What is released: built twice to the same bytes, whole, and with nothing in it that is not of the commit."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools import make_dist

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def commit_all(folder: Path) -> Path:
    """This tree as it stands, as the only commit of a repository of its own."""
    for file in subprocess.check_output(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True
    ).splitlines():
        if (ROOT / file).is_file() and not file.startswith(("tests/", "docs/", "overlays/")):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes((ROOT / file).read_bytes())
    (folder / "untracked.py").write_text("x = 1\n", encoding="utf-8")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "-A", ":!untracked.py"], [*who, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> make_dist.Files:
    return make_dist.build_twice(commit_all(tmp_path_factory.mktemp("sources")), "HEAD")


def test_two_builds_are_the_same_and_hold_what_was_committed(built: make_dist.Files) -> None:
    sdist, wheel = sorted(built, key=len, reverse=False)
    assert (sdist, wheel) == (f"llmstack_gitops-{VERSION}.tar.gz", f"llmstack_gitops-{VERSION}-py3-none-any.whl")
    with zipfile.ZipFile(io.BytesIO(built[wheel])) as archive:
        names = set(archive.namelist())
    code = {
        str(file.relative_to(ROOT / "generator")) for file in (ROOT / "generator/llmstack").rglob("*") if file.is_file()
    }
    code = {name for name in code if "__pycache__" not in name}
    assert {name for name in names if ".dist-info/" not in name} == code
    with tarfile.open(fileobj=io.BytesIO(built[sdist])) as archive_of_sources:
        members = archive_of_sources.getmembers()
    assert not [each.name for each in members if "untracked" in each.name]
    assert {(each.uid, each.gid, each.uname, each.gname) for each in members} == {(0, 0, "", "")}


def test_builds_that_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_dist, "build", lambda root, commit, umask, zone: {"a": zone.encode(), "b": b""})
    with pytest.raises(SystemExit, match="two builds of HEAD differ: a"):
        make_dist.build_twice(tmp_path, "HEAD")


def test_checksums_are_what_sha256sum_checks(tmp_path: Path) -> None:
    files = {"b": b"two", "a": b"one"}
    for name, content in (files | {"SHA256SUMS": make_dist.checksums(files)}).items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "a: OK\nb: OK\n"
