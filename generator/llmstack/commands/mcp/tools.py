"""The tools of `llmstack mcp`: what each may be asked, the command that answers, and the schema of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from llmstack.report.json_schemas import SCHEMAS

Asked = Mapping[str, Any]
"""The arguments of a call, as the tool's schema admits them."""

_LABEL = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
"""The name of an environment or a model; no path is one."""
_REVISION = {"type": "string", "pattern": "^[^-\\s\\x00][^\\s\\x00]*$", "maxLength": 200}
_ENVIRONMENT = {**_LABEL, "description": "An environment, by its name; all of them if none is given."}


class Tool(Struct, frozen=True):
    """One tool; its name is that of a command."""

    title: str
    description: str
    properties: Mapping[str, Any]
    """The JSON Schema of each argument."""
    answer: Callable[[], Mapping[str, Any]]
    """The JSON Schema of the answer."""
    command: Callable[[Asked], list[str]]
    """The command line that answers, without the program's name."""
    read: Callable[[str, Asked], Mapping[str, Any]] = lambda text, _: json.loads(text)
    """The answer, out of what the command prints."""
    needs: Mapping[str, list[str]] | None = None
    """Arguments that want others beside them (`dependentRequired`)."""
    required: tuple[str, ...] = ()

    @property
    def question(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "dependentRequired": dict(self.needs or {}),
            "additionalProperties": False,
        }


def _lint(asked: Asked) -> list[str]:
    return ["lint", "--format", "json", "--", *asked.get("environments", ())]


def _explain(asked: Asked) -> list[str]:
    return ["explain", "--", *asked["topic"].split()]


def _diff(asked: Asked) -> list[str]:
    generate = ["--generate"] if asked.get("generate") else []
    return ["diff", "--format", "json", *generate, "--", *(asked[side] for side in ("from", "to") if side in asked)]


def _fit(asked: Asked) -> list[str]:
    options = {"maxModelLen": "--max-model-len", "gpu": "--gpu", "tensorParallelSize": "--tensor-parallel-size"}
    others = [f"{option}={asked[key]}" for key, option in options.items() if key in asked]
    return ["fit", "--format", "json", *others, "--", *(asked[key] for key in ("environment", "model") if key in asked)]


def _part(text: str, asked: Asked) -> Mapping[str, Any]:
    from llmstack.model.json_schema import part_of

    schema = json.loads(text)
    return part_of(schema, asked["key"]) if "key" in asked else schema


@cache
def load_schema(name: str) -> dict[str, Any]:
    """The schema of what `--format json` prints, as `llmstack schema NAME` has it."""
    schema: dict[str, Any] = json.loads(SCHEMAS[name]())
    return schema


def _text_schema() -> dict[str, Any]:
    return {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}


TOOLS: Mapping[str, Tool] = {
    "lint": Tool(
        "Check values files",
        "Findings on the values of environments (values/<env>.yaml), each with its file, line and help. Reads values "
        "alone: `diff` says what a change does to the cluster.",
        {"environments": {"type": "array", "items": _LABEL, "maxItems": 100, "description": "All if none is given."}},
        lambda: load_schema("findings"),
        _lint,
    ),
    "explain": Tool(
        "Explain a key, a check, a risk or a word",
        "What a key of the values does, what a check or a risk means and how to mend it, what a word of a review "
        "means. `upgrade 0.15.1 0.20.2` says what changes between two releases of vLLM.",
        {
            "topic": {
                "type": "string",
                "pattern": "^[^\\x00]*[^\\s\\x00][^\\x00]*$",
                "maxLength": 200,
                "description": "A key or a part of its path (`modelSpec[].replicaCount`), the id of a check or a risk "
                "(`gpu-deadlock`), a word (`peak`).",
            }
        },
        _text_schema,
        _explain,
        lambda text, _: {"text": text},
        required=("topic",),
    ),
    "diff": Tool(
        "Review a change",
        "What a change does to the clusters before it is merged: which pods restart and why, GPUs at the peak, "
        "deadlocks, time, risks with advice. Compares the generated trees at two Git revisions.",
        {
            "from": {**_REVISION, "description": "By default the merge base with the default branch."},
            "to": {**_REVISION, "description": "By default the working tree, `worktree`."},
            "generate": {
                "type": "boolean",
                "description": "Review what `llmstack gen` would write, where values changed and it has not run yet.",
            },
        },
        lambda: load_schema("diff"),
        _diff,
        needs={"to": ["from"]},
    ),
    "fit": Tool(
        "Does an engine start",
        "Whether vLLM starts on its GPUs, how much memory and KV cache it has, in GiB per GPU; also under another "
        "context length, card or number of GPUs. `unknown` where nothing measured bears an answer out.",
        {
            "environment": _ENVIRONMENT,
            "model": {**_LABEL, "description": "One of its models; all of them if none is given."},
            "maxModelLen": {"type": "integer", "minimum": 1, "description": "Ask for another context length."},
            "gpu": {
                "type": "string",
                "pattern": "^[A-Za-z0-9.-]+$",
                "maxLength": 40,
                "description": "Ask for another card, e.g. `H100-80GB`.",
            },
            "tensorParallelSize": {"type": "integer", "minimum": 1, "description": "Ask for another number of GPUs."},
        },
        lambda: load_schema("fit"),
        _fit,
        needs={"model": ["environment"]},
    ),
    "schema": Tool(
        "The schema of a values file",
        "The JSON Schema of values/<env>.yaml, or of one key in it. The whole is large: name a key.",
        {
            "key": {
                "type": "string",
                "pattern": "^[A-Za-z0-9]+(\\[\\])?(\\.[A-Za-z0-9]+(\\[\\])?)*$",
                "maxLength": 200,
                "description": "The path of a key, `[]` for the items of a list: `servingEngineSpec.modelSpec[]`.",
            }
        },
        lambda: {"type": "object"},
        lambda _: ["schema"],
        _part,
    ),
}
"""Every tool by its name, which is that of its command, in the order in which they are listed."""
