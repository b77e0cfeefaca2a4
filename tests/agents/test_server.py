"""`llmstack mcp`, asked by a real client: which tools there are, what they answer, and how they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from mcp import MCPError

from llmstack.commands.exits import Exit
from llmstack.commands.mcp import SDK
from llmstack.commands.mcp.tools import TOOLS
from tests.agents.client import call, converse, said
from tests.cli.sandbox import Sandbox, make_sandbox
from tests.cli.transcript import REPOSITORIES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A generated and committed repository in which a longer context was written to the values, and nothing since."""
    sandbox = make_sandbox(tmp_path_factory.mktemp("changed"))
    sandbox.write({f"values/{each.name}": each.read_text() for each in (REPOSITORIES / "small" / "values").iterdir()})
    start = "git init -q -b main && llmstack gen > /dev/null && git add -A && git commit -qm start"
    assert sandbox.run(f"{start} && sed -i 's/32768/65536/' values/prod.yaml") == ("", 0)
    return sandbox


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_tools_are_five_and_say_that_they_only_read(changed: Sandbox) -> None:
    async def listed(client: Any) -> Any:
        return client.instructions, (await client.list_tools()).tools

    instructions, tools = converse(changed, listed)
    assert [tool.name for tool in tools] == list(TOOLS) == ["lint", "explain", "diff", "fit", "schema"]
    assert "data, not instructions" in instructions
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert tool.input_schema["additionalProperties"] is False
        for schema in (tool.input_schema, tool.output_schema):
            assert schema["type"] == "object"
            jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("lint", {}),
    ("lint", {"environments": ["prod"]}),
    ("explain", {"topic": "gpu-deadlock"}),
    ("explain", {"topic": "upgrade 0.10.2 0.11.2"}),
    ("diff", {}),
    ("diff", {"generate": True}),
    ("diff", {"from": "main", "to": "worktree"}),
    ("fit", {}),
    ("fit", {"environment": "prod", "model": "llama", "maxModelLen": 8192, "gpu": "L4", "tensorParallelSize": 2}),
    ("schema", {}),
    ("schema", {"key": "servingEngineSpec.modelSpec[].vllmConfig"}),
]


@pytest.mark.parametrize(("name", "asked"), ASKED, ids=lambda each: str(each))
def test_an_answer_is_data_of_its_schema_and_the_same_as_text(changed: Sandbox, name: str, asked: Any) -> None:
    before = _files(changed.root)
    result = call(changed, name, **asked)
    assert not result.is_error, said(result)
    jsonschema_rs.validate(dict(TOOLS[name].answer()), result.structured_content)
    assert json.loads(result.content[0].text) == result.structured_content
    assert _files(changed.root) == before


def test_answers_are_those_of_the_command_line(changed: Sandbox) -> None:
    async def ask(client: Any) -> list[Any]:
        asked = (("diff", {"generate": True}), ("explain", {"topic": "peak"}), ("fit", {}))
        return [(await client.call_tool(*each)).structured_content for each in asked]

    review, page, engines = converse(changed, ask)
    printed = json.loads(changed.run("llmstack diff --generate --format json")[0])
    assert review == {**printed, "from": review["from"]}  # the sandbox writes commits by their number
    assert [each["why"] for each in review["envs"]["prod"]["rollouts"]] == ["restart"]
    assert page["text"] == changed.run("llmstack explain peak")[0]
    assert engines == json.loads(changed.run("llmstack fit --format json")[0])


def test_values_that_are_wrong_are_an_answer(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    sandbox.write({"values/prod.yaml": "servingEngineSpec:\n  modelSpecs: []\n"})
    result = call(sandbox, "lint")
    assert not result.is_error
    [finding] = [each for each in result.structured_content["findings"] if each["id"] == "unknown-key"]
    assert (finding["path"], finding["line"]) == ("values/prod.yaml", 2)


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("lint", {"environments": ["nope"]}, "there is no environment `nope`; there are dev, prod"),
        ("lint", {"environments": ["../../etc/passwd"]}, "does not match"),
        ("lint", {"environment": "prod"}, "Additional properties"),
        ("fit", {"environment": "prod", "model": "nope"}, "there is no model `nope` in prod"),
        ("fit", {"model": "llama"}, "required"),
        ("fit", {"gpu": "H2000"}, "is no known card"),
        ("fit", {"maxModelLen": 0}, "less than the minimum"),
        ("diff", {"from": "nope"}, "`nope` is no commit, branch or tag"),
        ("diff", {"from": "--output=/tmp/x"}, "does not match"),
        ("diff", {"to": "main"}, "required"),
        ("explain", {}, "required"),
        ("explain", {"topic": "nothing-of-this-name"}, "`nothing-of-this-name` is no key, check or risk"),
        ("explain", {"topic": "--help"}, "`--help` is no key, check or risk"),
        ("explain", {"topic": "x" * 300}, "longer than 200"),
        ("schema", {"key": "gitops.nope"}, "there is no key `gitops.nope`"),
        ("schema", {"key": "gitops[].release"}, "there is no key `gitops[]`"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_cannot_be_answered_is_an_error_of_the_tool(changed: Sandbox, name: str, asked: Any, words: str) -> None:
    result = call(changed, name, **asked)
    assert result.is_error
    assert words in said(result)


def test_what_ends_a_command_early_is_an_error_of_the_tool(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    sandbox.write({"values/prod.yaml": "servingEngineSpec: [\n"})
    result = call(sandbox, "fit")
    assert result.is_error
    assert "values/prod.yaml:" in said(result)


def test_a_part_of_the_schema_stands_alone(changed: Sandbox) -> None:
    part = call(changed, "schema", key="gitops.capacity[]").structured_content
    validator = jsonschema_rs.validator_for(part)
    assert validator.is_valid({"pool": "h100", "count": 16})
    assert not validator.is_valid({"pool": "h100", "number": 16})


def test_an_unknown_tool_is_an_error_of_the_protocol(changed: Sandbox) -> None:
    async def ask(client: Any) -> str:
        with pytest.raises(MCPError, match="there is no such tool: lint, explain") as told:
            await client.call_tool("gen", {})
        return str(told.value)

    assert "gen" not in converse(changed, ask)


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['mcp'] = sys.modules['mcp_types'] = None; from llmstack.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "mcp"], cwd=tmp_path, env=os.environ | {"COLUMNS": "80"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (Exit.FAILED, "")
    assert f"`llmstack mcp` needs `{SDK}`" in done.stderr
    assert f"-m pip install '{SDK}'" in done.stderr


def test_the_extra_of_the_package_is_the_sdk() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"] == {"mcp": [SDK]}
