"""What the API server stores of a pod template, against answers of its own packages for every field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmstack.kubernetes.stored import decoded, stored_template

FIELDS = Path(__file__).parent / "oracle" / "fields.tsv"
SAMPLES: dict[str, list[Any]] = {
    "text": ["", "x", "ClusterFirst", "Always", "TCP", "default", "Equal"],
    "integer": [0, 1, 3, 10, 30, 420, 3600],
    "boolean": [False, True],
    "quantity": ["0", "1", "1000m"],
    "port": [0, "0", ""],
    "struct": [{}],
    "structs": [[], [{}]],
    "texts": [[], [""], ["x"]],
    "map": [{}, {"a": ""}, {"a": "x"}],
    "quantities": [{}, {"a": "0"}, {"a": "1"}],
}


def nest(path: str, value: Any) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step[:-2]: [value]} if step.endswith("[]") else {step: value}
    result: dict[str, Any] = value
    return result


def test_every_field_keeps_and_drops_the_values_that_the_api_server_does() -> None:
    lines = [line.split("\t") for line in FIELDS.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 600
    for path, kind, *ignored in lines:
        values = [*map(json.loads, ignored), *SAMPLES[kind]]
        parent = path.rpartition(".")[0]
        without = stored_template(nest(parent, {}) if parent else {})
        for value in values:
            same = stored_template(nest(path, value)) == without
            assert same == (json.dumps(value) in ignored), (path, value)


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "vllm", **fields}]}}


EQUAL = {
    "cpu": ("1", "1000m", 1, "1.0", "1e0"),
    "memory": ("1Gi", "1024Mi", "1073741824", "1073741824000m"),
    "storage": ("0.5", ".5", "500m", 0.5),
    "tiny": ("0.0011", "2m"),
}


@pytest.mark.parametrize("resource", EQUAL)
def test_amounts_are_what_they_are_worth(resource: str) -> None:
    stored = [stored_template(container(resources={"limits": {resource: amount}})) for amount in EQUAL[resource]]
    assert all(each == stored[0] for each in stored)
    assert stored[0] != stored_template(container(resources={"limits": {resource: "7"}}))


ALWAYS = [
    "vllm/vllm-openai",
    "vllm/vllm-openai:latest",
    "host:5000/x/y",
    f"x:latest@sha256:{'a' * 64}",
    "Host/x",
]
IF_NOT_PRESENT = [
    "vllm/vllm-openai:v0.11.2",
    f"vllm/vllm-openai@sha256:{'a' * 64}",
    "host:5000/x/y:1",
    "ghcr.io/Org/x",
    "",
]


@pytest.mark.parametrize(
    ("image", "policy"),
    [*((image, "Always") for image in ALWAYS), *((image, "IfNotPresent") for image in IF_NOT_PRESENT)],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    written = container(image=image, imagePullPolicy=policy)
    assert stored_template(container(image=image)) == stored_template(written)


def test_the_service_account_has_two_names() -> None:
    assert stored_template({"spec": {"serviceAccount": "a"}}) == stored_template({"spec": {"serviceAccountName": "a"}})
    both = {"spec": {"serviceAccountName": "a", "serviceAccount": "b"}}
    assert stored_template(both) == stored_template({"spec": {"serviceAccountName": "a"}})


def test_a_volume_without_a_source_is_an_empty_directory() -> None:
    assert stored_template({"spec": {"volumes": [{"name": "a"}]}}) == stored_template(
        {"spec": {"volumes": [{"name": "a", "emptyDir": {}}]}}
    )


def test_broken_templates_do_not_stop_a_review() -> None:
    broken = {"spec": {"containers": ["x", {"env": [None], "ports": {}, "livenessProbe": []}], "volumes": "x"}}
    assert stored_template(broken) == stored_template(broken)
    assert stored_template({"spec": None})["spec"]["dnsPolicy"] == "ClusterFirst"


def test_what_a_controller_encodes_again_keeps_the_form_of_amounts() -> None:
    def limits(amount: str) -> dict[str, Any]:
        return decoded(container(resources={"limits": {"a": amount}}), canonical=True)

    assert limits("1024Mi") == limits("1Gi")
    assert limits("1Gi") != limits("1073741824")
    assert limits("512i") != limits("512")
    assert limits("0.5") == limits("500m")
    assert limits("1e3") != limits("1k")
