"""What stands of a finding: its place, the level of `gitops.checks`, and comments that set it aside."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from llmstack.checks import ALWAYS, CHECKS, FOUNDATIONS, run_checks, settle
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source


@dataclass(frozen=True)
class Result:
    findings: list[Finding]

    def of(self, id: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.id == id]


def check(text: str, base: str | None = None) -> Result:
    sources = [read_source("values/base.yaml", base.encode())] if base is not None else []
    layers, stack, findings = read_stack([*sources, read_source("values/prod.yaml", text.encode())])
    assert stack is not None, findings
    found = [*findings, *run_checks(Subject("prod", stack, layers))]
    return Result(list(settle(found, layers, dict(stack.gitops.checks or {}))))


MODEL = """
servingEngineSpec:
  modelSpec:
    - name: llama
      repository: vllm/vllm-openai
      tag: latest{comment}
      modelURL: facebook/opt-125m
routerSpec: {{tag: v0.1.7}}
"""


@pytest.mark.parametrize(
    "comment",
    [
        " # llmstack: ignore[mutable-tag] nightly tests",
        " #llmstack:ignore[mutable-tag]nightly tests",
        " # llmstack: ignore[host-path, mutable-tag] nightly tests",
        " # see the wiki # llmstack: ignore[mutable-tag] nightly tests",
    ],
)
def test_a_comment_with_a_reason_sets_a_finding_aside(comment: str) -> None:
    assert not check(MODEL.format(comment=comment)).of("mutable-tag")


@pytest.mark.parametrize("comment", ["", " # latest is fine", " # llmstack: ignore[host-path] another check"])
def test_other_comments_do_not(comment: str) -> None:
    (finding,) = check(MODEL.format(comment=comment)).of("mutable-tag")
    assert finding.help == "pin a version or a digest"


def test_a_comment_without_a_reason_does_not_and_is_told_so() -> None:
    (finding,) = check(MODEL.format(comment=" # llmstack: ignore[mutable-tag]")).of("mutable-tag")
    assert finding.help is not None
    assert "needs a reason" in finding.help


def test_a_comment_line_above_counts_and_one_further_up_does_not() -> None:
    above = MODEL.replace("      tag:", "      # llmstack: ignore[mutable-tag] nightly tests\n      tag:")
    assert not check(above.format(comment="")).of("mutable-tag")
    further = MODEL.replace(
        "      repository:", "      # llmstack: ignore[mutable-tag] nightly tests\n      repository:"
    )
    assert check(further.format(comment="")).of("mutable-tag")


def test_the_comment_of_the_line_above_counts_only_when_it_has_the_line_to_itself() -> None:
    text = MODEL.replace("vllm/vllm-openai", "vllm/vllm-openai # llmstack: ignore[mutable-tag] no")
    assert check(text.format(comment="")).of("mutable-tag")


def test_a_comment_in_the_layer_that_sets_the_value_counts() -> None:
    base = MODEL.format(comment=" # llmstack: ignore[mutable-tag] nightly tests")
    assert not check("gitops: {release: prod}\n", base).of("mutable-tag")
    overridden = "servingEngineSpec: {modelSpec: [{name: llama, tag: nightly}]}\n"
    (finding,) = check(overridden, base).of("mutable-tag")
    assert finding.place is not None
    assert finding.place.path == "values/prod.yaml"


@pytest.mark.parametrize("level", ["note", "warning", "error"])
def test_a_level_is_that_of_the_environment(level: str) -> None:
    text = MODEL.format(comment="") + f"gitops: {{checks: {{mutable-tag: {level}}}}}\n"
    assert [finding.severity for finding in check(text).of("mutable-tag")] == [Severity(level)]


def test_off_turns_a_check_off() -> None:
    result = check(MODEL.format(comment="") + "gitops: {checks: {mutable-tag: off}}\n")
    assert not result.of("mutable-tag")
    assert not result.of("unknown-check")


PLANTED = {
    "missing-key": "servingEngineSpec: {modelSpec: [{name: llama}]} # llmstack: ignore[missing-key] why\n",
    "kubernetes-block": "routerSpec: {tolerations: [{kye: a}]} # llmstack: ignore[kubernetes-block] why\n",
    "unknown-kubernetes-version": "# llmstack: ignore[unknown-kubernetes-version] why\n",
}


@pytest.mark.parametrize("id", sorted(FOUNDATIONS))
def test_what_everything_rests_on_cannot_be_turned_off(id: str) -> None:
    version = '"1.2"' if id == "unknown-kubernetes-version" else '"1.34"'
    text = f"{PLANTED[id]}gitops: {{kubernetesVersion: {version}, checks: {{{id}: off}}}}\n"
    found = check(text).of(id)
    assert found
    assert {finding.severity for finding in found} == {Severity.ERROR}
    assert check(text).of("unknown-check"), "a level that has no effect is told"


def test_a_secret_is_set_aside_in_its_line_only() -> None:
    text = "routerSpec: {env: [{name: DEMO_TOKEN, value: abc}]}"
    off = check(f"{text}\ngitops: {{checks: {{plaintext-secret: off}}}}\n").of("plaintext-secret")
    assert [finding.severity for finding in off] == [Severity.ERROR]
    assert not check(f"{text} # llmstack: ignore[plaintext-secret] public, of the demo\n").of("plaintext-secret")
    assert set(ALWAYS) <= set(CHECKS)


def test_findings_of_reading_cannot_be_set_aside() -> None:
    text = "routerSpec: {tga: v1} # llmstack: ignore[unknown-key] why\ngitops: {checks: {unknown-key: off}}\n"
    layers, _, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    kept = list(settle(findings, layers, {"unknown-key": "off"}))
    assert [finding.id for finding in kept] == ["unknown-key"]


def test_a_finding_on_a_default_stands_at_the_section_that_turned_it_on() -> None:
    (finding,) = check("cacheServerSpec: {enableServer: true}\nrouterSpec: {tag: v1}\n").of("mutable-tag")
    assert finding.place is not None
    assert (finding.place.line, finding.place.column) == (1, 1)


def test_rules_on_the_values_run_while_objects_cannot_be_built() -> None:
    text = MODEL.format(comment="") + "gitops: {checks: {host-path: note}}\n"
    broken = text.replace("{tag: v0.1.7}", "{tag: v0.1.7, livenessProbe: {periodSeconds: soon}}")
    result = check(broken)
    assert result.of("kubernetes-block")
    assert result.of("mutable-tag")
    assert not result.of("dangling-reference"), "a rule on objects would have built them"
    assert check(text).of("dangling-reference")
