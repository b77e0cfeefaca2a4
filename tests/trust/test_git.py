"""Git reads the repository that was meant, and nothing that a branch or a configuration says makes it run a program."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from llmstack.git.contents import Difference
from llmstack.git.objects import GitError, hash_files
from tests.disk.conftest import Tree, opened, read_differences, read_files
from tests.trust.support import COMMANDS, Branch


@pytest.fixture
def repo(tmp_path: Path) -> Tree:
    root = tmp_path / "repo"
    root.mkdir()
    tree = Tree(root)
    tree.git("init", "-q", "-b", "main")
    return tree


def bare_look(branch: Branch, folder: Path, config: str) -> None:
    """Make a folder of the tree look like a bare repository, with its HEAD at the start."""
    bare = branch.sandbox.programs.parent / "bare"
    branch.git(f"clone -q --bare {branch.root} {bare}")
    branch.git(f"-C {bare} update-ref refs/heads/main main")
    branch.git(f"-C {bare} symbolic-ref HEAD refs/heads/main")
    branch.git(f"-C {bare} gc -q")
    for name in ("objects", "packed-refs", "HEAD"):
        subprocess.run(["cp", "-r", str(bare / name), str(folder)], check=True)
    (folder / "refs/heads").mkdir(parents=True)
    (folder / "refs/heads/.keep").touch()
    (folder / "config").write_text(f"[core]\n\trepositoryformatversion = 0\n{config}")


@pytest.fixture
def below(branch: Branch) -> Branch:
    """The tree in a folder of the repository, committed on main too."""
    branch.git("checkout -q main")
    for name in ("base", "overlays", "values"):
        branch.sandbox.run(f"mkdir -p deploy && mv {name} deploy/")
    branch.git("add -A -f")
    branch.git("commit -q -m below")
    branch.git("checkout -q -B pr")
    return branch


def test_a_folder_that_looks_like_a_bare_repository_is_a_folder(below: Branch) -> None:
    deploy = below.root / "deploy"
    config = f'\tbare = false\n\tworktree = .\n[filter "x"]\n\tclean = "touch {below.trap}; cat"\n\tprocess = "touch {below.trap}"\n'
    bare_look(below, deploy, config)
    below.sandbox.write({"deploy/.gitattributes": "** filter=x\n"})
    below.sandbox.run(
        "sed -i 's/requestCPU: 1/requestCPU: 1, replicaCount: 50/' deploy/values/prod.yaml && llmstack -C deploy gen"
    )
    below.git("add -A -f")
    below.git("commit -q -m pr")
    for command in COMMANDS:
        below.sandbox.run("touch deploy/values/*")
        did = below.watch(f"-C deploy {command}")
        assert not below.trap.exists()
        assert did.code == 0, did.output
        if "diff" in command:
            assert "spec.replicas: 1 → 50" in did.output
        if "affected" in command:
            assert did.output == "prod/models/m\n"


def test_the_filters_of_a_configuration_do_not_run(branch: Branch) -> None:
    """Also where it includes a file of the branch, which some people do."""
    branch.sandbox.write({".gitattributes": "** filter=x diff=x text=auto\nbase/** filter=a.b\n"})
    branch.sandbox.write(
        {
            ".gitconfig": f'[filter "a.b"]\n\tprocess = "touch {branch.trap}"\n\trequired\n[core]\n\tsshCommand = touch {branch.trap}\n'
        }
    )
    branch.git("config include.path ../.gitconfig")
    for key in (
        "filter.x.clean",
        "filter.x.smudge",
        "diff.x.textconv",
        "diff.x.command",
        "core.fsmonitor",
        "diff.external",
        "core.alternateRefsCommand",
    ):
        branch.git(f"config {key} 'touch {branch.trap}; cat'")
    branch.git("config filter.x.required true")
    branch.git("-c filter.x.clean=cat -c filter.a.b.process= add .gitattributes .gitconfig")
    branch.git("-c filter.x.clean=cat -c filter.a.b.process= commit -q -m attributes")
    branch.trap.unlink(missing_ok=True)
    for command in COMMANDS:
        branch.sandbox.run("sed -i 's/cpu: 1/cpu: 2/' overlays/prod/models/m/*.yaml; touch base/*/* values/*")
        did = branch.watch(command)
        assert not branch.trap.exists()
        assert did.code in (0, 1, 3), did.output
        assert did.started <= {"git", "env", "kustomize", "kubeconform"}


def test_line_endings_are_converted_all_the_same(repo: Tree) -> None:
    repo.write({".gitattributes": "*.yaml text eol=crlf filter=x\n", "x/a.yaml": "1\n2\n"})
    repo.git("config", "filter.x.clean", "false")
    repo.git("config", "filter.x.required", "true")
    for arguments in (("add", "-A"), ("commit", "-q", "-m", "x")):
        repo.git("-c", "filter.x.clean=cat", *arguments)
    repo.write({"x/a.yaml": "1\r\n2\r\n"})
    blob = repo.git("rev-parse", "HEAD:x/a.yaml").strip()
    assert hash_files(opened(repo), ["x/a.yaml"], filters=False) == {"x/a.yaml": blob}
    assert read_differences(opened(repo), "HEAD", None, ["x"]) == {}
    with pytest.raises(GitError, match=r"(?s)`git hash-object` failed .*clean filter"):
        hash_files(opened(repo), ["x/a.yaml"])


@pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
def test_an_edit_that_git_was_told_not_to_look_at_is_seen(repo: Tree, bit: str) -> None:
    files = {"x/a": "1\n", "x/same": "1\n", "x/gone": "1\n", "x/pipe": "1\n", "x/windows.yaml": "1\n2\n"}
    repo.write({".gitattributes": "*.yaml text eol=crlf\n"} | files)
    repo.commit()
    repo.git("update-index", bit, *files)
    repo.write({"x/a": "2\n", "x/windows.yaml": "1\r\n2\r\n"})
    for name in ("gone", "pipe"):
        (repo.root / "x" / name).unlink()
    os.mkfifo(repo.root / "x/pipe")
    found = read_differences(opened(repo), "HEAD", None, ["x"])
    assert found.pop("x/a") == Difference(b"1\n", b"2\n")
    assert found.pop("x/pipe") == Difference(b"1\n", None, opaque=True)
    gone = {"x/gone": Difference(b"1\n", None)}
    assert found == ({} if bit == "--skip-worktree" else gone), "a sparse checkout leaves files out"


def test_the_index_is_not_written(repo: Tree) -> None:
    repo.write({"x/a": "1\n", "x/b": "1\n"})
    repo.commit()
    for name in ("a", "b"):
        os.utime(repo.root / "x" / name, (1, 1))
    repo.write({"x/b": "2\n"})
    before = (repo.root / ".git/index").read_bytes()
    assert read_differences(opened(repo), "HEAD", None, ["x"]) == {"x/b": Difference(b"1\n", b"2\n")}
    assert (repo.root / ".git/index").read_bytes() == before


def test_a_filter_that_cannot_be_turned_off_is_an_error(repo: Tree) -> None:
    repo.write({".gitattributes": "* filter=a=b\n", "x/a": "1\n"})
    repo.commit()
    repo.git("config", "filter.a=b.clean", "false")
    with pytest.raises(GitError, match="filter `a=b`: give it a name without `=`"):
        read_differences(opened(repo), "HEAD", None, ["x"])


def test_nothing_is_fetched_that_a_partial_clone_lacks(repo: Tree, tmp_path: Path) -> None:
    repo.write({"x/a": "1\n"})
    repo.commit()
    trap = tmp_path / "trap"
    repo.git("config", "core.repositoryformatversion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "remote.origin.url", f"ext::touch {trap}")
    repo.git("config", "protocol.ext.allow", "always")
    blob = repo.git("rev-parse", "HEAD:x/a").strip()
    file = repo.root / ".git/objects" / blob[:2] / blob[2:]
    file.unlink()
    repo.git("-c", "protocol.ext.allow=always", "cat-file", "-p", blob, check=False)
    assert trap.exists(), "this Git fetches nothing by itself: the test shows nothing"
    trap.unlink()
    with pytest.raises(GitError, match="fetch a partial clone whole"):
        read_files(opened(repo), "HEAD", ["x"])
    assert not trap.exists()


def test_another_repository_that_the_environment_or_the_configuration_names_is_not_read(
    repo: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({"x/a": "1\n"})
    first = repo.commit()
    repo.write({"x/a": "2\n"})
    other = tmp_path / "other"
    other.mkdir()
    Tree(other).git("init", "-q")
    repo.git("config", "core.worktree", str(other))
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git/objects"),
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
        "GIT_EXTERNAL_DIFF": f"touch {tmp_path}/trap",
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor=touch {tmp_path}/trap'",
        "GIT_TRACE": str(tmp_path / "trace"),
    }.items():
        monkeypatch.setenv(name, value)
    assert read_differences(opened(repo), first, None, ["x"]) == {"x/a": Difference(b"1\n", b"2\n")}
    assert sorted(os.listdir(tmp_path)) == ["other", "repo"]


def test_what_a_commit_holds_is_read_whatever_replaces_it(repo: Tree) -> None:
    repo.write({"x/a": "real\n"})
    repo.commit()
    repo.write({"x/b": "other\n"})
    repo.commit()
    blobs = [repo.git("rev-parse", f"HEAD:x/{name}").strip() for name in "ab"]
    repo.git("replace", *blobs)
    assert read_files(opened(repo), "HEAD", ["x/a"]) == {"x/a": b"real\n"}


def test_a_submodule_is_not_entered(branch: Branch) -> None:
    """A repository in custom/, with a configuration of its own."""
    inner = branch.root / "custom/prod/models/m"
    inner.mkdir(parents=True)
    branch.git(f"init -q {inner}")
    branch.sandbox.write(
        {"custom/prod/models/m/kustomization.yaml": "resources: [../../../../overlays/prod/models/m]\n"}
    )
    branch.git(f"-C {inner} add -A")
    branch.git(f"-C {inner} commit -q -m inner")
    branch.git(f"-C {inner} config core.fsmonitor 'touch {branch.trap}'")
    branch.git("-c advice.addEmbeddedRepo=false add custom")
    branch.git("commit -q -m submodule")
    branch.trap.unlink(missing_ok=True)
    for command in COMMANDS:
        assert branch.watch(command).code in (0, 1, 3)
    assert not branch.trap.exists()
