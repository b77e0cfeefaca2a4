"""Real trees and real Git repositories in temporary folders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmstack.disk.apply import apply
from llmstack.disk.home import find_home
from llmstack.disk.ownership import header
from llmstack.disk.plan import WritePlan, plan_tree
from llmstack.git import contents
from llmstack.git.contents import Difference
from llmstack.git.objects import Repository, find_repository, list_entries, resolve_revision
from llmstack.repository.comparison import working_files

SCOPES = ("base", "overlays/prod")
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_EDITOR": "true",
}


def read_differences(
    repository: Repository, before: str, after: str | None, folders: list[str]
) -> dict[str, Difference]:
    """What differs, the working tree read as a comparison reads it."""
    old, new = (each if each is None else resolve_revision(repository, each) for each in (before, after))
    assert old is not None
    return contents.read_differences(
        repository, old, new, folders, working_files(repository.root), contents.Blobs(repository)
    )


def read_files(repository: Repository, revision: str, folders: list[str]) -> dict[str, bytes]:
    """The regular files below some folders at a revision."""
    entries = list_entries(repository, resolve_revision(repository, revision), folders) if folders else {}
    return contents.read_tree(entries, contents.Blobs(repository)).files


def generated(body: str, source: str = "values/prod.yaml") -> str:
    """A generated file's text."""
    return header(source) + body


_BODY = [f"line {number}\n" for number in range(12)]


def body(**lines: str) -> str:
    """A generated file of twelve lines, some of them changed: `l3="x"`."""
    changed = [lines.get(f"l{number}", "") + line for number, line in enumerate(_BODY)]
    return generated("".join(changed))


@dataclass(frozen=True)
class Tree:
    """A folder that is generated into; `repository` methods work where `git init` was run."""

    root: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def files(self) -> dict[str, bytes]:
        """All files and links but Git's and our own; folders end in a slash."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(set(folders) - {".git", ".llmstack"})
            for name in [*files, *(name for name in folders if (Path(folder) / name).is_symlink())]:
                path = Path(folder) / name
                key = path.relative_to(self.root).as_posix()
                found[key] = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            for name in folders:
                if not (Path(folder) / name).is_symlink():
                    found[(Path(folder) / name).relative_to(self.root).as_posix() + "/"] = b""
        found.pop(".git", None)  # the file of a linked working tree
        return found

    def plan(self, wanted: Mapping[str, str], *, force: bool = False) -> WritePlan:
        return plan_tree(self.root, wanted, scopes=SCOPES, force=force)

    def gen(self, wanted: Mapping[str, str], *, force: bool = False) -> WritePlan:
        """Plan and apply; a second plan then has nothing to do."""
        plan = self.plan(wanted, force=force)
        assert not plan.refusals, plan.refusals
        apply(plan, self.root)
        assert self.plan(wanted).is_empty
        return plan

    def refused(self, wanted: Mapping[str, str], *, force: bool = False) -> dict[str, str]:
        """The refusals of a plan, path to reason."""
        return {refusal.path: refusal.reason for refusal in self.plan(wanted, force=force).refusals}

    def forget(self) -> None:
        """Lose the record, as a fresh clone has none: what follows rests on Git alone."""
        (find_home(self.root).folder / "written").unlink()

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=os.environ | _GIT, capture_output=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()


def opened(tree: Tree) -> Repository:
    repository = find_repository(tree.root)
    assert repository is not None
    return repository


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty folder outside Git."""
    root = tmp_path / "tree"
    root.mkdir()
    return Tree(root)


@pytest.fixture
def repo(tmp_path: Path) -> Tree:
    """An empty repository on branch main."""
    root = tmp_path / "repo"
    root.mkdir()
    tree = Tree(root)
    tree.git("init", "-q", "-b", "main")
    return tree


@pytest.fixture
def unprivileged(tree: Tree) -> Callable[[Callable[[], None]], None]:
    """Run a function in a child process for which the permissions of `tree` hold, also where we are root."""

    def run(action: Callable[[], None]) -> None:
        is_root = os.geteuid() == 0
        if is_root:
            for folder in list(tree.root.parents)[:-2]:
                folder.chmod(0o755)
            os.chown(tree.root, 65534, 65534)
        child = os.fork()
        if child == 0:
            try:
                if is_root:
                    os.setresgid(65534, 65534, 65534)
                    os.setresuid(65534, 65534, 65534)
                action()
            except BaseException as error:
                os.write(2, f"{error!r}\n".encode())
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    return run
