"""What a comparison takes for known of the working tree is what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack.repository.comparison import Comparison, open_comparison
from llmstack.repository.snapshot import FOLDERS
from tests.cli.sandbox import Sandbox, make_sandbox

FILES = {
    "values/prod.yaml": "gitops: {release: a}\n",
    "values/dev.yaml": "gitops: {release: b}\n",
    "overlays/prod/kustomization.yaml": "resources: [models/m]\n",
    "overlays/prod/models/m/deployment.yaml": "kind: Deployment\n",
    "custom/prod/kustomization.yaml": "resources: []\n",
    ".sops.yaml": "creation_rules: []\n",
    "keys/cert.pem": "one\n",
}
EDITED = {
    "values/prod.yaml": "gitops: {release: c}\n",
    "overlays/prod/models/m/service.yaml": "kind: Service\n",
    ".sops.yaml": "creation_rules: [1]\n",
    "keys/cert.pem": "two\n",
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = make_sandbox(tmp_path)
    sandbox.write(FILES)
    sandbox.run("git init -q && git add --all && git commit -qm one")
    sandbox.write(EDITED)
    (sandbox.root / "custom/prod/kustomization.yaml").unlink()
    return sandbox


def _compare(sandbox: Sandbox, after: str | None = None) -> Comparison:
    comparison = open_comparison(sandbox.root, "HEAD", after)
    comparison.before.load(FOLDERS)
    for path in FILES:
        comparison.before.read_regular(path)
    return comparison


def test_the_working_tree_is_read_as_it_stands(sandbox: Sandbox) -> None:
    comparison = _compare(sandbox)
    for path in FILES | EDITED:
        file = sandbox.root / path
        assert comparison.after.read_regular(path) == (file.read_bytes() if file.exists() else None), path
        assert comparison.before.read_regular(path) == (FILES[path].encode() if path in FILES else None), path


def test_what_is_the_same_is_the_same_bytes(sandbox: Sandbox) -> None:
    comparison = _compare(sandbox)
    same = "overlays/prod/kustomization.yaml"
    assert comparison.after.read_regular(same) is comparison.before.read_regular(same)
    sandbox.run("git add --all && git commit -qm two")
    commits = open_comparison(sandbox.root, "HEAD~1", "HEAD")
    assert commits.after.read_regular(same) is commits.before.read_regular(same)
    assert commits.after.read_regular("values/prod.yaml") == EDITED["values/prod.yaml"].encode()


def test_a_link_in_the_place_of_a_file_or_a_folder_is_followed(sandbox: Sandbox) -> None:
    root = sandbox.root
    (root / "overlays/prod/kustomization.yaml").unlink()
    (root / "overlays/prod/kustomization.yaml").symlink_to("models/m/service.yaml")
    (root / "overlays/prod/models/m").rename(root / "overlays/other")
    (root / "overlays/prod/models/m").symlink_to("../../other")
    after = _compare(sandbox).after
    assert (
        after.read_regular("overlays/prod/kustomization.yaml") == EDITED["overlays/prod/models/m/service.yaml"].encode()
    )
    assert after.resolve("overlays/prod/models/m/deployment.yaml") == "overlays/other/deployment.yaml"
    assert after.read_regular("overlays/prod/models/m/deployment.yaml") == b"kind: Deployment\n"
