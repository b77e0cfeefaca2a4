"""kustomize and kubeconform, the real ones: found, checked, and read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.programs import kustomize_build

from llmstack.programs import (
    KUBECONFORM,
    KUSTOMIZE,
    Tool,
    ToolError,
    find_tool,
    kubeconform,
    kubeconform_texts,
    kustomize_build_all,
)

FOLDER = Path(os.environ["LLMSTACK_TOOLS"]) if "LLMSTACK_TOOLS" in os.environ else None
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
STRICT = {"type": "object", "properties": {name: {} for name in ("apiVersion", "kind", "metadata")},
          "additionalProperties": False}  # fmt: skip


@pytest.fixture(scope="session")
def kustomize() -> Path:
    return find_tool(KUSTOMIZE, FOLDER)


@pytest.fixture(scope="session")
def conform() -> Path:
    return find_tool(KUBECONFORM, FOLDER)


@pytest.fixture
def schemas(tmp_path: Path) -> list[str]:
    """A location with a strict schema of config maps for 1.34.0, and no other."""
    folder = tmp_path / "schemas/v1.34.0"
    folder.mkdir(parents=True)
    (folder / "configmap-v1.json").write_text(json.dumps(STRICT))
    return [f"{tmp_path}/schemas/{{{{.NormalizedKubernetesVersion}}}}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"]


def fake(folder: Path, name: str, says: str) -> Path:
    """A program of that name that prints one line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)
    return folder / name


def unit(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    (folder / "a.yaml").write_text(CONFIG_MAP.replace("name: a", f"name: {name}"))
    return folder


def test_the_folder_of_tools_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = fake(tmp_path / "1", "kustomize", "v5.8.1"), fake(tmp_path / "2", "kustomize", "v5.9.0")
    monkeypatch.setenv("PATH", f"{tmp_path / '2'}:{os.environ['PATH']}")
    assert find_tool(KUSTOMIZE, tmp_path / "1") == first
    assert find_tool(KUSTOMIZE, tmp_path / "none") == second
    assert find_tool(KUSTOMIZE) == second


@pytest.mark.parametrize("tool", [KUSTOMIZE, KUBECONFORM])
def test_a_missing_tool_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Tool) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for folder in (None, tmp_path / "tools"):
        with pytest.raises(ToolError, match=r"not on PATH|neither in") as caught:
            find_tool(tool, folder)
        assert f"install it with `{tool.install}`" in str(caught.value)
        assert tool.name in str(caught.value)


@pytest.mark.parametrize(
    ("tool", "says", "good"),
    [
        (KUSTOMIZE, "v5.8.1", True),
        (KUSTOMIZE, "v5.10.0", True),
        (KUSTOMIZE, "(devel)", True),
        (KUSTOMIZE, "v5.4.0", True),
        (KUSTOMIZE, "v5.3.0", False),
        (KUSTOMIZE, "v6.0.0", False),
        (KUSTOMIZE, "{Version:kustomize/v4.5.7 GitCommit:56d82a8 BuildDate:2022-08-02}", False),
        (KUBECONFORM, "development", True),
        (KUBECONFORM, "v0.7.0", True),
        (KUBECONFORM, "v0.6.7", False),
    ],
)
def test_versions(tmp_path: Path, tool: Tool, says: str, good: bool) -> None:
    program = fake(tmp_path, tool.name, says)
    if good:
        assert find_tool(tool, tmp_path) == program
    else:
        with pytest.raises(ToolError, match="is needed: install it with `go install"):
            find_tool(tool, tmp_path)


def test_a_program_that_fails_to_say_its_version_is_an_error(tmp_path: Path) -> None:
    fake(tmp_path, "kustomize", "x").write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    with pytest.raises(ToolError, match="kustomize failed: broken"):
        find_tool(KUSTOMIZE, tmp_path)
    fake(tmp_path, "kustomize", "x").write_text("not a program")
    with pytest.raises(ToolError, match="cannot be run"):
        find_tool(KUSTOMIZE, tmp_path)


def test_the_install_lines_name_the_versions_of_the_tools_module() -> None:
    modules = (Path(__file__).parents[2] / "tools/go.mod").read_text()
    assert "sigs.k8s.io/kustomize/kustomize/v5 v5.8.1" in modules
    assert "github.com/yannh/kubeconform v0.7.0" in modules
    for tool in (KUSTOMIZE, KUBECONFORM):
        assert tool.install.endswith(f"@{tool.tested}")
        assert "v" + ".".join(map(str, tool.oldest)) <= tool.tested


def test_a_build_is_what_kustomize_prints(kustomize: Path, tmp_path: Path) -> None:
    assert kustomize_build(kustomize, unit(tmp_path / "u", "a")) == CONFIG_MAP


def test_a_failed_build_says_where_and_why(kustomize: Path, tmp_path: Path) -> None:
    folder = unit(tmp_path / "u", "a")
    (folder / "a.yaml").unlink()
    with pytest.raises(ToolError, match=r"kustomize build .*/u failed: accumulating resources.*a\.yaml"):
        kustomize_build(kustomize, folder)


def test_files_outside_of_a_unit_are_not_loaded(kustomize: Path, tmp_path: Path) -> None:
    folder = unit(tmp_path / "u", "a")
    shutil.move(folder / "a.yaml", tmp_path / "a.yaml")
    (folder / "kustomization.yaml").write_text("resources: [../a.yaml]\n")
    with pytest.raises(ToolError, match="security"):
        kustomize_build(kustomize, folder)


def test_one_failed_build_hides_no_other(kustomize: Path, tmp_path: Path) -> None:
    folders = [unit(tmp_path / f"u{number}", f"n{number}") for number in range(8)]
    (folders[3] / "a.yaml").unlink()
    results = kustomize_build_all(kustomize, [*folders, folders[0]])
    assert list(results) == folders
    for number, folder in enumerate(folders):
        result = results[folder]
        if number == 3:
            assert isinstance(result, ToolError)
        else:
            assert result == CONFIG_MAP.replace("name: a", f"name: n{number}")


def test_every_resource_gets_a_verdict(conform: Path, tmp_path: Path, schemas: list[str]) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "---\n".join(
            [
                CONFIG_MAP,
                CONFIG_MAP.replace("name: a", "name: b") + "colour: red\n",
                "apiVersion: example.com/v1\nkind: Odd\nmetadata: {name: odd}\n",
                "# nothing here\n",
                "kind: Nameless\n",
            ]
        )
    )
    verdicts = kubeconform(conform, [file], schema_locations=schemas, kubernetes_version="1.34")
    assert [(verdict.kind, verdict.name, verdict.status) for verdict in verdicts] == [
        ("ConfigMap", "a", "valid"), ("ConfigMap", "b", "invalid"), ("Nameless", "", "error"),
        ("Odd", "odd", "no-schema"),
    ]  # fmt: skip
    assert verdicts[1].errors == (("", "additional properties 'colour' not allowed"),)
    assert {verdict.source for verdict in verdicts} == {str(file)}
    assert verdicts[3].api_version == "example.com/v1"


def test_a_duplicate_key_is_not_valid(conform: Path, schemas: list[str]) -> None:
    text = CONFIG_MAP + "  name: b\n"
    (verdict,) = kubeconform_texts(conform, {"u": text}, schema_locations=schemas, kubernetes_version="1.34")
    assert verdict.status == "error"
    assert "already set in map" in verdict.message or "already defined" in verdict.message


def test_text_that_is_no_yaml_is_a_verdict_of_its_own(conform: Path, schemas: list[str]) -> None:
    texts = {"broken": "a: [", "good": CONFIG_MAP}
    verdicts = kubeconform_texts(conform, texts, schema_locations=schemas, kubernetes_version="1.34.0")
    assert [(verdict.source, verdict.status) for verdict in verdicts] == [
        ("broken", "error"),
        ("good", "valid"),
    ]


def test_a_version_without_schemas_is_no_silent_pass(conform: Path, schemas: list[str]) -> None:
    (verdict,) = kubeconform_texts(conform, {"u": CONFIG_MAP}, schema_locations=schemas, kubernetes_version="1.20")
    assert verdict.status == "no-schema"


def test_many_texts_in_one_process(conform: Path, schemas: list[str]) -> None:
    texts = {f"models/m{n}": CONFIG_MAP.replace("name: a", f"name: m{n}") for n in range(1500)}
    verdicts = kubeconform_texts(conform, texts, schema_locations=schemas, kubernetes_version="1.34")
    assert {(verdict.source, verdict.name, verdict.status) for verdict in verdicts} == {
        (f"models/m{n}", f"m{n}", "valid") for n in range(1500)
    }


def test_nothing_to_check_runs_nothing(tmp_path: Path, schemas: list[str]) -> None:
    missing = tmp_path / "no program"
    assert kubeconform(missing, [], schema_locations=schemas, kubernetes_version="1.34") == []
    assert kubeconform_texts(missing, {}, schema_locations=schemas, kubernetes_version="1.34") == []


def test_what_cannot_be_asked_is_an_error(conform: Path, schemas: list[str]) -> None:
    with pytest.raises(ValueError, match="schema location"):
        kubeconform_texts(conform, {"u": CONFIG_MAP}, schema_locations=[], kubernetes_version="1.34")
    with pytest.raises(ToolError, match="is not a valid version"):
        kubeconform_texts(conform, {"u": CONFIG_MAP}, schema_locations=schemas, kubernetes_version="newest")
