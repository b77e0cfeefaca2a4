"""Real values files: what is found in them is really wrong with them."""

from __future__ import annotations

import pytest
from tests.parity.corpus import Case, corpus_cases

from llmstack.checks import run_checks, settle
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

FOUND: dict[str, tuple[str, ...]] = {
    "deployment_on_cloud__gcp__OPT125_CPU__production_stack_specification_ql": ("dead-key",),
    "helm__values-example": ("dead-key",),
    "tests__assets__values-01-2pods-minimal-example": ("fractional-gpu",),
    "tests__assets__values-06-session-routing": ("kv-aware", "pod-security", "shared-claim-mode"),
    "tests__assets__values-07-prefix-routing": ("kv-aware", "pod-security", "shared-claim-mode"),
    "tests__assets__values-08-roundrobin-routing": ("kv-aware", "pod-security", "shared-claim-mode"),
    "tests__assets__values-11-monitoring": ("other-chart",),
    "tutorials__assets__values-01-2pods-minimal-example": ("fractional-gpu",),
    "tutorials__assets__values-09-lora-operator": ("claim-size",),
    "tutorials__assets__values-14-vllm-v1": ("offload-size",),
    "tutorials__assets__values-16-disagg-prefill": ("dead-key", "pod-security", "unknown-service"),
    "tutorials__assets__values-17-kv-aware": ("shared-claim-mode",),
    "tutorials__assets__values-18-prefix-aware": ("offload-size", "shared-claim-mode"),
    "tutorials__assets__values-25-v100-multi-gpu-tp2": ("dead-key",),
    "tutorials__assets__values-25-v100-single-gpu": ("dead-key",),
}
"""What is wrong with a file besides secrets in plain text and moving tags: SYS_PTRACE is beyond "baseline", replicas share
a ReadWriteOnce claim, keys that nothing reads, a buffer larger than the memory that is requested, half a GPU, a claim of
10Gi for 15 GiB of weights, an LMCache controller in a router that is not kvaware, a peer named after another release."""


@pytest.mark.skipif(not corpus_cases(), reason="no corpus: set LLMSTACK_CORPUS to a folder with values/ in it")
def test_the_table_names_files_of_the_corpus() -> None:
    assert set(FOUND) <= {case.name for case in corpus_cases()}


@pytest.mark.parametrize("case", corpus_cases(), ids=lambda case: case.name)
def test_findings_are_those_of_the_table(case: Case) -> None:
    layers, stack, findings = read_stack([read_source(case.values.name, case.values.read_bytes())])
    assert stack is not None
    found = list(settle([*findings, *run_checks(Subject("prod", stack, layers))], layers, {}))
    errors = {finding.id for finding in found if finding.severity is Severity.ERROR}
    assert errors <= {"plaintext-secret", "fractional-gpu", "claim-size"}
    others = {finding.id for finding in found if finding.severity is not Severity.NOTE}
    assert sorted(others - {"plaintext-secret", "mutable-tag"}) == sorted(FOUND.get(case.name, ()))
