"""Values of a megabyte that are made to cost much: every kind of growth is read and checked within bounds.

The promise is 10 s of processor time and 500 MiB for a command. Here each kind is a fraction of a megabyte, and has a
limit that a machine under load keeps, and that work which grows with the square of the size does not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from llmstack.checks import run_checks, settle
from llmstack.checks.partial import run_partial
from llmstack.checks.subject import Subject
from llmstack.finding import Finding
from llmstack.model.reading import MOST_PROBLEMS, read_stack
from llmstack.review.restarts import template_causes
from llmstack.values.reader import MAX_ENTRIES, MAX_NODES
from llmstack.values.source import read_source

MODEL = (
    "servingEngineSpec:\n  modelSpec:\n    - {name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: facebook/opt-125m, "
    "requestCPU: 1, requestMemory: 2Gi, requestGPU: 1"
)
LIMIT = 20


def each(count: int, text: Callable[[int], str]) -> str:
    return ", ".join(map(text, range(count)))


DEEP = '{"a":' * 100_000
WIDE = json.dumps({f"k{number}": 1 for number in range(40_000)})
KINDS = {
    "unknown keys of a model": f"{MODEL}, {each(20_000, lambda n: f'k{n}: 1')}}}\n",
    "unknown keys of many models": "servingEngineSpec:\n  modelSpec:\n"
    + "".join(f"    - {{name: m{m}, {each(60, lambda n: f'k{n}: 1')}}}\n" for m in range(400)),
    "errors": "servingEngineSpec:\n  modelSpec:\n" + "    - {name: m, replicaCount: x}\n" * 10_000,
    "models of one name": "servingEngineSpec:\n  modelSpec:\n" + "    - {name: m}\n" * 10_000,
    "variables": f"{MODEL}, env: [{each(8_000, lambda n: f'{{name: E{n}, value: a}}')}]}}\n",
    "arguments": f"{MODEL}, vllmConfig: {{extraArgs: [{each(4_000, lambda n: f'--served-model-name, a{n}')}]}}}}\n",
    "tolerations": f"{MODEL}, tolerations: [{each(8_000, lambda n: f'{{key: k{n}, operator: Exists}}')}]}}\n",
    "labels": f"{MODEL}, labels: {{{each(20_000, lambda n: f'k{n}: v')}}}}}\n",
    "pools": f"{MODEL}}}\ngitops: {{capacity: [{each(20_000, lambda n: f'{{pool: p{n}, count: 1, nodeSelector: {{a: b}}}}')}]}}\n",
    "acknowledgements": f"{MODEL}}}\ngitops: {{acknowledge: [{each(8_000, lambda n: f'{{risk: restart, object: x{n}, reason: r}}')}]}}\n",
    "hosts": f"{MODEL}}}\nrouterSpec: {{ingress: {{enabled: true, hosts: [{each(6_000, lambda n: f'{{host: a{n}.b}}')}]}}}}\n",
    "ignored checks": f"{MODEL}}}\n" + "# llmstack: ignore[mutable-tag] x\n" * 20_000,
    "comments with secrets": f"{MODEL}}}\n" + "# token: abc123def456\n" * 20_000,
    "a long word": f"{MODEL}, annotations: {{a: '{'a.' * 400_000}'}}}}\n",
    "a long text of names": f"{MODEL}, annotations: {{a: '{'token= ' * 100_000}'}}}}\n",
    "a long text of URLs": f"{MODEL}, annotations: {{a: '{'http://a:@' * 80_000}'}}}}\n",
    "deep JSON": f"{MODEL}, vllmConfig: {{extraArgs: [--kv-transfer-config, '{DEEP}']}}}}\n",
    "wide JSON": f"{MODEL}, vllmConfig: {{extraArgs: [--kv-transfer-config, '{WIDE}']}}}}\n",
    "conflict markers": "a: 1\n" + "<<<<<<< x\n" * 40_000,
}  # fmt: skip


def findings(text: str) -> list[Finding]:
    """What a lint of the text finds, by the roads of one that can be read and one that cannot."""
    layers, stack, found = read_stack([read_source("values/prod.yaml", text.encode())])
    rest = run_partial("prod", layers) if stack is None else run_checks(Subject("prod", stack, layers))
    return list(settle([*found, *rest], layers, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_growth_has_its_limit(kind: str) -> None:
    began = time.process_time()
    findings(KINDS[kind])
    assert time.process_time() - began < LIMIT


def test_of_too_many_problems_the_rest_is_counted() -> None:
    found = findings(f"{MODEL}, {each(MOST_PROBLEMS + 7, lambda n: f'k{n}: 1')}}}\n")
    assert len([finding for finding in found if finding.id == "unknown-key"]) == MOST_PROBLEMS
    (rest,) = [finding for finding in found if finding.id == "too-many-problems"]
    assert rest.message == "there are more problems than these 2,000, from here on"


def test_a_file_of_too_many_values_is_not_read_on() -> None:
    text = "".join(f"x-{part}: [{', '.join(['1'] * MAX_ENTRIES)}]\n" for part in range(MAX_NODES // MAX_ENTRIES + 1))
    assert [finding.id for finding in findings(text)] == ["too-large"]


@pytest.mark.parametrize(("opened", "entry", "closed"), [("[", "1", "]"), ("{", "k%s: 1", "}")])
def test_a_list_or_a_map_of_too_many_entries_is_not_read_on(opened: str, entry: str, closed: str) -> None:
    for count, found in ((MAX_ENTRIES, []), (MAX_ENTRIES + 1, ["too-large"])):
        held = ", ".join(entry.replace("%s", str(number)) for number in range(count))
        assert [
            finding.id
            for finding in read_source("values/prod.yaml", f"x-a: {opened}{held}{closed}\n".encode()).findings
        ] == found


def test_what_restarts_is_found_among_many_fields_in_time() -> None:
    def deployment(value: str) -> dict[str, object]:
        labels = {f"k{number}": value for number in range(20_000)}
        spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": labels}}}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}

    began = time.process_time()
    assert len(template_causes(deployment("a"), deployment("b"))) == 20_000
    assert time.process_time() - began < LIMIT


def test_the_kinds_are_of_the_size_that_they_claim() -> None:
    assert all(100_000 < len(text) < 1_100_000 for text in KINDS.values())
