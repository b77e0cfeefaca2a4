"""A key that is passed as a flag, and a key that turns its section on, say so at their field; all else follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from tools.pages.values import values_page

from llmstack.checks import run_checks
from llmstack.checks.subject import Subject
from llmstack.flags import catalogue_for, router_catalogue
from llmstack.model.engine import ServingEngineSpec
from llmstack.model.flag import flag_keys
from llmstack.model.json_schema import schema_text
from llmstack.model.models import Model
from llmstack.model.reading import read_stack
from llmstack.model.router import RouterSpec
from llmstack.model.stack import Stack
from llmstack.model.switch import SectionSwitch
from llmstack.model.types import section_of
from llmstack.values.source import read_source

ENGINE = {**flag_keys(ServingEngineSpec), **flag_keys(Model)}
ROUTER = flag_keys(RouterSpec)
HEAD = """\
servingEngineSpec:
  modelSpec:
    - name: llama
      repository: vllm/vllm-openai
      tag: v0.11.0
      modelURL: facebook/opt-125m
      requestGPU: 1
"""
VALUES = {
    "vllmConfig.enableChunkedPrefill": "true",
    "vllmConfig.enablePrefixCaching": "true",
    "vllmConfig.dtype": "bfloat16",
    "vllmConfig.gpuMemoryUtilization": "0.9",
    "vllmConfig.runner": "generate",
    "vllmConfig.convert": "none",
    "modelRevision": "main",
    "enableLoRA": "true",
    "enableTool": "true",
    "toolCallParser": "hermes",
    "chatTemplate": "chat.jinja",
    "lmcacheConfig": "{enabled: true}",
}
"""A value of a key that takes no number."""


def sections(section: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if section not in seen:
        seen.add(section)
        yield section
        for field in section.model_fields.values():
            inner = section_of(field.annotation)
            yield from sections(inner, seen) if inner else ()


SECTIONS = list(sections(Stack, set()))


@pytest.mark.parametrize("flag", ENGINE)
def test_a_flag_of_engines_is_one_of_vllm(flag: str) -> None:
    spellings = catalogue_for("vllm/vllm-openai", "v0.11.0", None).catalogue.spellings
    assert flag in spellings, f"vLLM has no flag {flag}"


@pytest.mark.parametrize("flag", ROUTER)
def test_a_flag_of_the_router_is_one_of_its_own(flag: str) -> None:
    assert flag in router_catalogue().spellings


@pytest.mark.parametrize(("flag", "key"), [*ENGINE.items(), *ROUTER.items()])
def test_the_pages_name_the_flag(flag: str, key: str) -> None:
    row = next(line for line in values_page().splitlines() if f"{key}` |" in line and flag in line)
    assert f"Flag: `{flag}`" in row
    assert f"Flag: `{flag}`" in schema_text()


@pytest.mark.parametrize(
    ("flag", "key"), [(flag, key) for flag, key in ENGINE.items() if key not in ("containerPort", "modelURL")]
)
def test_a_flag_beside_its_key_is_a_duplicate(flag: str, key: str) -> None:
    section, _, name = key.rpartition(".")
    stated = f"{name}: {VALUES.get(key, '2')}"
    lines = f"      {section}: {{{stated}}}\n" if section else f"      {stated}\n"
    switch = VALUES.get(key) == "true"
    text = f"{HEAD}{lines}      extraArgs: ['{flag}'{'' if switch else ', x'}]\n"
    layers, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is not None, findings
    told = [finding.message for finding in run_checks(Subject("prod", stack, layers)) if finding.id == "duplicate-flag"]
    assert told == [f"`{flag}` is given by `{key}` too; this one wins"]


NO_SWITCHES = frozenset(("enable_service_links",))
"""Keys that turn something else on than their section."""


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_what_is_off_by_default_and_turns_a_section_on_is_a_switch(section: type[BaseModel]) -> None:
    for name, field in section.model_fields.items():
        if name.startswith("enable") and field.default is False and name not in NO_SWITCHES:
            marked = any(isinstance(item, SectionSwitch) for item in field.metadata)
            assert marked, f"{section.__name__}.{name} is no SectionSwitch(), so dead-key does not know it"


def test_a_section_has_one_switch() -> None:
    for section in SECTIONS:
        marks = [
            item
            for field in section.model_fields.values()
            for item in field.metadata
            if isinstance(item, SectionSwitch)
        ]
        assert len(marks) <= 1, section
