"""What is read is a regular file of the repository, of bounded size; all else is a finding, in no time."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.disk.regular import RegularFiles, read_any_regular
from llmstack.errors import MAX_BYTES, IrregularFileError
from tests.trust.support import COMMANDS, UNIT, Branch, custom


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_out(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def link_out_of_the_root(path: Path) -> None:
    path.symlink_to(os.path.relpath("/etc/passwd", path.parent))


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_process(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # with holes: nothing of it is on the disk


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": pipe,
    "a socket": bound_socket,
    "a link to a device": device,
    "a link out": link_out,
    "a relative link out": link_out_of_the_root,
    "a link to the process's own": link_to_process,
    "a file that is too large": huge,
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_odd_files_are_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    began = time.monotonic()
    with pytest.raises(IrregularFileError):
        RegularFiles(tmp_path).read("x")
    assert time.monotonic() - began < 1


def test_what_is_regular_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub/file").write_bytes(b"1")
    (root / "link").symlink_to("sub/file")
    (root / "folder").symlink_to("sub")
    (root / "nowhere").symlink_to("none")
    (tmp_path / "root2").symlink_to("root")
    for top in (root, tmp_path / "root2"):
        files = RegularFiles(top)
        assert [files.read(path) for path in ("sub/file", "link", "folder/file")] == [b"1"] * 3
        assert [files.resolve(path) for path in ("link", "folder", "folder/file")] == ["sub/file", "sub", "sub/file"]
        assert [files.read(path) for path in ("none", "nowhere", "sub/file/x", "none/x")] == [None] * 4
        assert files.read_unless_folder("folder") is None


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "sub/../../x", ".git/config", "a/.git/config", "sub", "self"])
def test_no_other_path_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "x").write_text("outside")
    root = tmp_path / "root"
    for folder in ("sub", ".git", "a/.git"):
        (root / folder).mkdir(parents=True)
        (root / folder / "config").write_text("x")
    link_to_itself(root / "self")
    with pytest.raises(IrregularFileError):
        RegularFiles(root).read(path)


def test_the_size_is_bounded_to_the_byte(tmp_path: Path) -> None:
    for size, fits in ((MAX_BYTES, True), (MAX_BYTES + 1, False)):
        with (tmp_path / "x").open("wb") as file:
            file.truncate(size)
        if fits:
            assert len(RegularFiles(tmp_path).read("x") or b"") == size
        else:
            with pytest.raises(IrregularFileError, match=f"{size} bytes large, and {MAX_BYTES} are the most"):
                read_any_regular(tmp_path / "x")


PLACES = {
    "values": ("values/prod.yaml", ("lint", "validate", "gen --check", "diff main")),
    "a patch in custom/": (f"{UNIT}/odd.yaml", ("lint", "validate", "diff main", "affected main")),
    "a kustomization in custom/": (f"{UNIT}/kustomization.yaml", ("lint", "validate", "diff main")),
    ".sops.yaml": (".sops.yaml", ("gen --check", "validate")),
}
KINDS = {"a device": device, "a pipe": pipe, "a link out": link_out, "too large": huge}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_a_command_says_which_file_it_is_and_does_not_wait(branch: Branch, place: str, kind: str) -> None:
    path, commands = PLACES[place]
    if path.startswith("custom/"):
        branch.commit(
            {f"{UNIT}/kustomization.yaml": custom("patches: [{path: odd.yaml, target: {kind: Deployment}}]\n")}
        )
    (branch.root / path).unlink(missing_ok=True)
    KINDS[kind](branch.root / path)
    for command in commands if kind != "a link out" else commands[:1]:
        began = time.monotonic()
        did = branch.watch(command)
        assert time.monotonic() - began < 20
        assert "root:x:0:0" not in did.output
        assert did.code == 1, (command, did.output)
        assert "error[irregular-file]: this is " in did.output
        assert f"--> {path}:1:1" in did.output


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_an_overlay_whose_kustomization_is_no_file_is_not_passed_over(
    branch: Branch, make: Callable[[Path], None]
) -> None:
    (branch.root / UNIT).mkdir(parents=True)
    make(branch.root / UNIT / "kustomization.yaml")
    output, code = branch.sandbox.run("llmstack gen --check")
    assert code == 3
    assert f"+- ../../{UNIT}" in output
    branch.sandbox.run("llmstack gen")
    for command in ("lint", "validate", "diff main"):
        output, code = branch.sandbox.run(f"llmstack {command}")
        assert code == 1
        assert "error[irregular-file]: this is " in output
        assert f"--> {UNIT}/kustomization.yaml:1:1" in output


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_certificate_is_a_file_of_the_repository(branch: Branch, make: Callable[[Path], None]) -> None:
    values = (branch.root / "values/prod.yaml").read_text()
    branch.sandbox.write(
        {"values/prod.yaml": f"{values}gitops:\n  secrets: {{backend: sealed-secrets, certificate: cert.pem}}\n"}
    )
    make(branch.root / "cert.pem")
    output, code = branch.sandbox.run("llmstack secret set prod x y <<< secret")
    assert code == 1, output
    assert "error[irregular-file]: " in output
    assert "--> cert.pem:1:1" in output


@pytest.mark.parametrize("folder", ["overlays/prod", "custom/prod", "values"])
def test_a_folder_that_is_a_link_out_is_not_walked_through(branch: Branch, folder: str) -> None:
    branch.sandbox.run(f"rm -rf {folder}")
    (branch.root / folder).parent.mkdir(parents=True, exist_ok=True)
    (branch.root / folder).symlink_to("/")
    for command in ("lint", "validate", "gen --check", "affected main", "diff main"):
        began = time.monotonic()
        did = branch.watch(command)
        assert time.monotonic() - began < 20
        assert did.code in (0, 1, 2, 3, 4, 5), did.output


def test_links_inside_the_repository_work(branch: Branch) -> None:
    (branch.root / "custom/prod").mkdir(parents=True)
    branch.sandbox.write(
        {
            "custom/common/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: 7}\n"
        }
    )
    branch.sandbox.write(
        {
            "custom/common/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: link.yaml, target: {kind: Deployment}}]\n"
        }
    )
    (branch.root / "custom/common/link.yaml").symlink_to("patch.yaml")
    (branch.root / "custom/linked").symlink_to("common")
    branch.sandbox.write({f"{UNIT}/kustomization.yaml": custom("components: [../../../linked]\n")})
    branch.sandbox.run("llmstack gen")
    for command in ("validate", "diff main"):
        did = branch.watch(command)
        assert did.code == 0, did.output
    assert "spec.replicas: 1 → 7" in did.output


def test_every_command_of_a_review_is_tried_somewhere() -> None:
    tried = {command for _, commands in PLACES.values() for command in commands}
    assert {command.split()[0] for command in COMMANDS} == {command.split()[0] for command in tried}
