"""The README's session is real: every command in it is run, and every output is what it prints.

`pytest --update` rewrites the outputs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
_REVISION = re.compile(r"\b[0-9a-f]{7,40}(?=\.\.|\b → | → )")


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A repository with the example in it, and a folder with `llmstack` for PATH."""
    for name in ("values", "base", "overlays", "clusters", "facts"):
        shutil.copytree(ROOT / name, tmp_path / "repo" / name)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "llmstack"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m llmstack.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    for command in ("git init -q -b main", "git add -A", "git commit -q -m example"):
        assert _run(tmp_path, command) == ""
    return tmp_path


def _run(folder: Path, command: str) -> str:
    """What a terminal would show, with the ids of commits replaced by one that does not change."""
    identity = {f"GIT_{role}_{part}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder / "repo", env={**os.environ, **identity, **quiet, "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    shown = _REVISION.sub("5e1f2a9", re.sub(r"^index .*\n", "", done.stdout, flags=re.MULTILINE))
    return shown + (f"[exit {done.returncode}]\n" if done.returncode else "")


def test_the_session_prints_what_the_readme_shows(shell: Path, request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    blocks = _BLOCK.findall(text)
    assert len(blocks) > 3

    def replay(match: re.Match[str]) -> str:
        commands = re.findall(r"^\$ (.*)$", match.group(), re.MULTILINE)
        return "".join(f"$ {command}\n{_run(shell, command)}" for command in commands)

    replayed = _BLOCK.sub(replay, text)
    if request.config.getoption("--update"):
        README.write_text(replayed, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == replayed


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]), ids=lambda path: path.name
)
def test_files_that_documents_link_to_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_pictures_are_there_and_small() -> None:
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', README.read_text(encoding="utf-8"))
    assert len(shown) == 2
    for name in shown:
        picture = (ROOT / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < 200_000, f"{name} is large: `make pictures` draws it"
