"""docs/operations.md, sync.md, adopt.md and any-tree.md speak of commands, files and objects that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.laws.trees import kustomize, tree_of
from tests.programs import kustomize_build
from tests.sync.support import objects

from llmstack import yamlio
from llmstack.checks import CHECKS
from llmstack.checks.reading import READING
from llmstack.cli import cli
from llmstack.report.explanation import explain_key
from llmstack.review.risks.table import RISKS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {
    name: (DOCS / name).read_text(encoding="utf-8") for name in ("operations.md", "sync.md", "adopt.md", "any-tree.md")
}
TEXT = "\n".join(PAGES.values())
MODEL = {"name": "llama", "repository": "r", "tag": "v1", "modelURL": "m", "requestGPU": 1, "pvcStorage": "1Gi"}


def _example(tool: str) -> dict[str, str]:
    """What the values at the head of docs/operations.md generate, with a model `llama` and either tool."""
    stated = re.search(r"```yaml\n# values/prod\.yaml\n(.*?)```", PAGES["operations.md"], re.DOTALL)
    assert stated
    values: dict[str, Any] = yamlio.load(stated[1])
    values["gitops"]["sync"]["tool"] = tool
    values["servingEngineSpec"] = {"modelSpec": [MODEL]}
    values["sharedStorage"] = {"enabled": True}
    return dict(tree_of({"prod": values}).files)


FLUX, ARGO = _example("flux"), _example("argo")
NAMES = {name for files in (FLUX, ARGO) for folder in ("clusters/", "overlays/") for _, name in objects(files, folder)}


def _commands() -> list[str]:
    return sorted(set(re.findall(r"(?:^|`)llmstack ([a-z][^`\n<]*)", TEXT, re.MULTILINE)))


@pytest.mark.parametrize("command", _commands())
def test_a_command_is_one_of_ours(command: str) -> None:
    group: Any = typer.main.get_command(cli)
    words = command.split()
    while words and hasattr(group, "commands"):
        assert words[0] in group.commands, command
        group = group.commands[words.pop(0)]
    options = {name for parameter in group.params for name in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_the_commands_are_found() -> None:
    assert len(_commands()) >= 8


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:overlays|clusters|base)/[\w./-]+\.(?:yaml|md)", TEXT))))
def test_a_generated_file_is_generated(path: str) -> None:
    own = ("flux-system/", "secrets/", "clusters/prod-eu/kustomization.yaml")
    assert path in FLUX or path in ARGO or any(part in path for part in own)


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"\b(?:prod\.(?!yaml)[a-z.]+[a-z]|llmstack-(?:prod|llama[\w-]*))\b", TEXT)))
)
def test_an_object_has_the_name_that_the_page_says(name: str) -> None:
    later = {"prod.secrets"}
    applications = {
        each["name"]
        for each in objects(ARGO)["ApplicationSet", "prod.models"]["spec"]["generators"][0]["list"]["elements"]
    }
    assert name in NAMES | applications | later


@pytest.mark.parametrize("key", sorted(set(re.findall(r"`((?:gitops|servingEngineSpec)\.[\w.]+)`", TEXT))))
def test_a_key_of_the_values_is_known(key: str) -> None:
    assert explain_key(key)


@pytest.mark.parametrize("id", sorted(set(re.findall(r"\(([a-z]+-[a-z-]+)\)", TEXT))))
def test_a_finding_or_risk_has_that_id(id: str) -> None:
    assert id in {*CHECKS, *READING, *RISKS}


@pytest.mark.parametrize(
    ("page", "target"), [(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\(([^)]+)\)", text)]
)
def test_a_link_leads_somewhere(page: str, target: str) -> None:
    if target.startswith("https://"):
        return
    path, _, heading = target.partition("#")
    text = (DOCS / (path or page)).read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.split("\n")
        if line.startswith("#")
    }
    assert not heading or heading in anchors


def test_every_setting_of_sync_is_on_the_page() -> None:
    from llmstack.model.gitops import Sync

    for name, field in Sync.model_fields.items():
        assert f"`{field.alias or name}`" in PAGES["sync.md"]


def test_an_overlay_of_ones_own_builds_as_the_page_has_it(tmp_path: Path) -> None:
    program = kustomize()
    stated = re.search(r"```yaml\n# (custom/\S+)\n(.*?)```", PAGES["operations.md"], re.DOTALL)
    assert stated
    for path, text in {**FLUX, stated[1]: stated[2]}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    built = yamlio.load_all(kustomize_build(program, (tmp_path / stated[1]).parent))
    [engine] = [each for each in built if each["kind"] == "Deployment"]
    assert engine["spec"]["template"]["spec"]["schedulerName"] == "bin-packing"
    assert len(built) == len(yamlio.load_all(kustomize_build(program, tmp_path / "overlays/prod/models/llama")))
