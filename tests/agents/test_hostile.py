"""An agent asks about a repository that somebody else wrote: nothing of it runs, hides, or leads out of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from llmstack.commands.mcp import calls
from tests.agents.client import call, converse, said
from tests.cli.sandbox import make_sandbox

MODEL = """\
servingEngineSpec:
  modelSpec:
    - {{name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: {model}, requestCPU: 1, requestMemory: 2Gi}}
"""
TRAP = "import pathlib; pathlib.Path({trap!r}).touch()\n"


def test_no_module_of_the_repository_is_imported(tmp_path: Path) -> None:
    sandbox, trap = make_sandbox(tmp_path), tmp_path / "trap"
    names = ("llmstack/__init__.py", "llmstack/cli.py", "yaml.py", "mcp.py", "sitecustomize.py", "usercustomize.py")
    code = TRAP.format(trap=str(trap))
    sandbox.write(dict.fromkeys(names, code) | {"values/prod.yaml": MODEL.format(model="facebook/opt-125m")})

    async def ask(client: Any) -> list[bool]:
        return [(await client.call_tool(name, {})).is_error for name in ("lint", "fit", "schema")]

    assert converse(sandbox, ask) == [False, False, False]
    assert not trap.exists()


def test_what_a_link_leads_to_is_not_read(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    (tmp_path / "outside.yaml").write_text("servingEngineSpec: {outside: told}\n", encoding="utf-8")
    sandbox.write({"values/prod.yaml": MODEL.format(model="facebook/opt-125m")})
    (sandbox.root / "values" / "dev.yaml").symlink_to(tmp_path / "outside.yaml")
    (sandbox.root / "elsewhere").symlink_to(tmp_path / "outside.yaml")
    for asked in ({}, {"environments": ["dev"]}, {"environments": ["elsewhere"]}):
        assert "told" not in said(call(sandbox, "lint", **asked))
        assert "outside" not in said(call(sandbox, "lint", **asked))


def test_nothing_in_an_answer_is_unseen(tmp_path: Path) -> None:
    """Right-to-left overrides and tag characters: what an agent would read, and a person beside it would not."""
    sandbox = make_sandbox(tmp_path)
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    sandbox.write({"values/prod.yaml": f'servingEngineSpec:\n  "model\\u202eSpec{hidden}": []\n'})
    result = call(sandbox, "lint")
    assert not result.is_error
    data = json.dumps(result.structured_content, ensure_ascii=False) + said(result)
    assert not {"\u202e", *hidden} & set(data)
    assert "model" in data


@pytest.mark.parametrize(("name", "argument"), [("explain", "topic"), ("diff", "from")])
def test_a_character_that_no_command_line_takes_is_refused(name: str, argument: str, tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    result = call(sandbox, name, **{argument: "a\0b"})
    assert result.is_error
    assert said(result).startswith(f"{argument}: ")


def test_no_secret_is_in_an_answer(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    token = "hf_" + "Ab3dEf6hIj" * 3
    values = MODEL.format(model="facebook/opt-125m").replace("{name: m,", f"{{name: m, hf_token: {token},")
    sandbox.write({"values/prod.yaml": values})

    async def ask(client: Any) -> list[str]:
        return [said(await client.call_tool(name, {})) for name in ("lint", "fit")]

    answers = converse(sandbox, ask)
    assert "plaintext-secret" in answers[0]
    assert token not in "".join(answers)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_call_that_is_given_up_leaves_nothing_running(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    sandbox.write({"values/prod.yaml": MODEL.format(model="facebook/opt-125m")})

    def children() -> str:
        return "".join(each.read_text() for each in Path("/proc/self/task").glob("*/children"))

    async def give_up() -> bool:
        with anyio.move_on_after(0.05) as scope:
            await calls.answer(sandbox.root, "lint", {})
        with anyio.fail_after(10):
            while children() != before:
                await anyio.sleep(0.01)
        return scope.cancelled_caught

    before = children()
    assert anyio.run(give_up)
