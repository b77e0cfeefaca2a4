"""Links and odd entries mean at a commit what they mean on disk: nothing is read through them that lies outside, and no
change hides behind them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from llmstack.errors import MAX_BYTES, IrregularFileError
from llmstack.repository.links import follow_links
from tests.trust.support import UNIT, VALUES, Branch, custom

PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec: {revisionHistoryLimit: 7}\n"
BINDING = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: pwn}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
    "subjects: [{kind: ServiceAccount, name: default, namespace: default}]\n"
)
BOTH = ("diff main", "diff main HEAD")
WITH_PATCH = custom("patches: [{path: p.yaml, target: {kind: Deployment}}]\n")


def link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def said(branch: Branch) -> list[str]:
    """What a review says of the branch, on disk and at its commit, without the line that names both sides."""
    outputs = []
    for command in BOTH:
        output, code = branch.sandbox.run(f"llmstack {command}")
        outputs.append(f"{code}\n" + output.partition("\n")[2])
        assert code in (0, 1), output
    return outputs


def test_a_patch_behind_a_link_is_reviewed_on_disk_and_at_a_commit(branch: Branch) -> None:
    link(branch.root / UNIT / "p.yaml", "real.yaml")
    branch.commit({f"{UNIT}/kustomization.yaml": WITH_PATCH, f"{UNIT}/real.yaml": PATCH})
    disk, commit = said(branch)
    assert disk == commit
    assert "spec.revisionHistoryLimit" in disk


def test_a_component_behind_a_folder_that_is_a_link(branch: Branch) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n"
    link(branch.root / "custom/linked", "common/c")
    branch.commit(
        {
            f"{UNIT}/kustomization.yaml": custom("components: [../../../linked]\n"),
            "custom/common/c/kustomization.yaml": component,
            "custom/common/c/p.yaml": PATCH,
        }
    )
    disk, commit = said(branch)
    assert disk == commit
    assert "spec.revisionHistoryLimit" in disk


def test_a_link_that_leads_to_another_file_is_a_change(branch: Branch) -> None:
    link(branch.root / UNIT / "p.yaml", "a.yaml")
    branch.commit(
        {
            f"{UNIT}/kustomization.yaml": WITH_PATCH,
            f"{UNIT}/a.yaml": PATCH,
            f"{UNIT}/b.yaml": PATCH.replace("7", "8"),
        }
    )
    branch.git("branch -f main HEAD")
    link(branch.root / UNIT / "p.yaml", "b.yaml")
    branch.commit({})
    disk, commit = said(branch)
    assert disk == commit
    assert "spec.revisionHistoryLimit: 7 → 8" in disk


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../../../../../../etc/passwd", "../../../../.git/config", "p.yaml"]
)
def test_a_link_that_leads_out_is_refused_at_a_commit_too(branch: Branch, target: str) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": WITH_PATCH, f"{UNIT}/p.yaml": PATCH})
    link(branch.root / UNIT / "p.yaml", target)
    branch.git("add -A")
    branch.git("commit -q -m link")
    for command in (*BOTH, "affected main HEAD"):
        did = branch.watch(command)
        assert did.code == 1, did.output
        assert "error[irregular-file]: this is a" in did.output
        assert "root:x:0" not in did.output


def test_what_a_cluster_reads_through_a_link_is_reviewed(branch: Branch) -> None:
    sync = "gitops: {sync: {tool: flux, cluster: c1, repoURL: https://example.com/x.git}}\n"
    branch.commit({"values/prod.yaml": VALUES + sync})
    branch.git("branch -f main HEAD")
    link(branch.root / "clusters/c1/zz.yaml", "../../custom/rights.yaml")
    branch.commit({"custom/rights.yaml": BINDING})
    disk, commit = said(branch)
    assert disk == commit
    assert "cluster-admin" in disk


@pytest.mark.parametrize("path", ["values/dev.yaml", "clusters/c1/prod/z.yaml", "overlays/prod/secrets"])
def test_a_link_that_leads_to_itself_is_refused_at_its_place(branch: Branch, path: str) -> None:
    sync = "gitops: {sync: {tool: flux, cluster: c1, repoURL: https://example.com/x.git}}\n"
    branch.commit({"values/prod.yaml": VALUES + sync})
    branch.git("branch -f main HEAD")
    link(branch.root / path, path.rpartition("/")[2])
    branch.git("add -A")
    branch.git("commit -q -m link")
    for command in BOTH:
        did = branch.watch(command)
        assert did.code == 1, did.output
        assert "error[irregular-file]: this is a link that leads to itself" in did.output
        assert f"--> {path}:1:1" in did.output


@pytest.mark.parametrize("folder", ["base/router", "overlays/prod", "overlays/prod/models"])
def test_a_generated_folder_that_became_a_link_says_the_same(branch: Branch, folder: str) -> None:
    shutil.copytree(branch.root / folder, branch.root / "custom/copy")
    shutil.rmtree(branch.root / folder)
    (branch.root / folder).symlink_to(os.path.relpath(branch.root / "custom/copy", (branch.root / folder).parent))
    branch.git("add -A -f")
    branch.git("commit -q -m folder")
    disk, commit = said(branch)
    assert disk == commit


def test_a_file_that_is_too_large_is_refused_at_a_commit_too(branch: Branch) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": WITH_PATCH, f"{UNIT}/p.yaml": "#" + "x" * MAX_BYTES})
    for command in BOTH:
        did = branch.watch(command)
        assert did.code == 1
        assert f"error[irregular-file]: this is {MAX_BYTES + 1} bytes large" in did.output


def test_links_are_followed_as_the_kernel_follows_them(tmp_path: Path) -> None:
    links = {
        "a": "b/c",
        "b/c/d": "../x",
        "e": ".",
        "f": "e/f2",
        "f2": "a",
        "out": "../..",
        "abs": "/etc",
        "me": "me",
        "g": "x/.git",
    }
    for name in ("b/c", "b/x", "x/.git"):
        (tmp_path / name).mkdir(parents=True)
    for path, target in links.items():
        (tmp_path / path).symlink_to(target)
    for path in ("a", "a/d", "a/d/y", "e/e/a/d", "f", "f/d", "none/../a", "b/c/./d"):
        assert follow_links(path, links) == os.path.relpath(os.path.realpath(tmp_path / path), tmp_path), path
    for path in ("out", "out/x", "abs/passwd", "me", "g", ".git/config", "../x"):
        with pytest.raises(IrregularFileError):
            follow_links(path, links)


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "/dev/zero", "../../../../../x", "../../../values/prod.yaml", "z.yaml"]
)
def test_a_link_beside_encrypted_manifests_is_none_of_them(branch: Branch, target: str) -> None:
    (branch.root / "overlays/prod/secrets").mkdir()
    (branch.root / "overlays/prod/secrets/z.yaml").symlink_to(target)
    branch.commit({})
    for command in ("validate", "gen --check", "diff main", "diff main HEAD"):
        did = branch.watch(command)
        assert did.code in ((3,) if command.startswith("gen") else (0, 1)), did.output
        assert "root:" not in did.output
