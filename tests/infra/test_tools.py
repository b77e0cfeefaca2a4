"""The Go tools: one version each, in tools/go.mod, in the program's advice and in the documents."""

import re
from pathlib import Path

import pytest

from llmstack import programs
from llmstack.secrets import sops

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
    "kubeconform": "github.com/yannh/kubeconform",
    "actionlint": "github.com/rhysd/actionlint",
}
GO_MOD = (ROOT / "tools" / "go.mod").read_text(encoding="utf-8")


def version(name: str) -> str:
    """The version of a tool in tools/go.mod, with its `v`."""
    found = re.search(rf"^\s*{re.escape(MODULES[name])} (v\S+)", GO_MOD, re.MULTILINE)
    assert found, f"{name} is not in tools/go.mod"
    return found[1]


@pytest.mark.parametrize("name", MODULES)
def test_a_tool_is_built_from_go_mod_with_a_checksum(name: str) -> None:
    packages = re.search(r"tool \((.*?)\)", GO_MOD, re.DOTALL)
    assert packages
    assert MODULES[name] in packages[1]
    assert f"{MODULES[name]} {version(name)} h1:" in (ROOT / "tools" / "go.sum").read_text(encoding="utf-8")


def test_nothing_is_replaced() -> None:
    assert "replace" not in GO_MOD
    assert "exclude" not in GO_MOD


@pytest.mark.parametrize("tool", [programs.KUSTOMIZE, programs.KUBECONFORM], ids=lambda tool: tool.name)
def test_the_program_advises_the_version_that_is_tested(tool: programs.Tool) -> None:
    assert tool.install.endswith(f"@{version(tool.name)}")
    assert tool.tested == version(tool.name)
    assert tool.package.startswith(MODULES[tool.name])


def test_sops_is_built_from_its_own_module_at_the_version_that_is_advised() -> None:
    folder = ROOT / "tools" / "sops"
    module = (folder / "go.mod").read_text(encoding="utf-8")
    assert "tool github.com/getsops/sops/v3/cmd/sops\n" in module
    version = sops.SOPS.install.rpartition("@")[2]
    assert f"github.com/getsops/sops/v3 {version} " in module
    assert f"github.com/getsops/sops/v3 {version} h1:" in (folder / "go.sum").read_text(encoding="utf-8")
    assert "replace" not in module


def test_documents_name_the_versions_of_go_mod() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")]:
        text = path.read_text(encoding="utf-8")
        for name, module in MODULES.items():
            named = re.findall(rf"(?:\b{name}|{re.escape(module)}\S*)[ @](?:version )?v?(\d+\.\d+\.\d+)", text)
            assert {f"v{one}" for one in named} <= {version(name)}, path.name
