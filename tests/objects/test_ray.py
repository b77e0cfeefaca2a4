"""RayCluster: counts, resources, and scripts that are run here with bash."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.objects.support import MODEL, env_of, one, pods

RAY = MODEL + "    raySpec: {enabled: true}\n    replicaCount: 3\n"


def head(values: str) -> dict[str, Any]:
    container: dict[str, Any] = pods(one(values, "RayCluster"))["serves"]["spec"]["containers"][0]
    return container


def test_counts() -> None:
    (group,) = one(RAY, "RayCluster")["spec"]["workerGroupSpecs"]
    assert (group["replicas"], group["minReplicas"], group["maxReplicas"]) == (3, 3, 3)
    assert env_of(head(RAY))["EXPECTED_NODES"] == "4"


def test_the_head_serves_with_ray_and_extra_arguments_stay_last() -> None:
    container = head(RAY + "    vllmConfig: {extraArgs: [--seed, '1']}\n")
    assert container["command"] == ["/bin/bash", "/entrypoint/vllm-entrypoint.sh", "vllm", "serve"]
    assert container["args"][-4:] == ["--distributed-executor-backend", "ray", "--seed", "1"]
    assert container["args"][0] == "meta-llama/Llama-3.1-8B-Instruct"


def test_upgrade_strategy() -> None:
    assert one(RAY, "RayCluster")["spec"]["upgradeStrategy"] == {"type": "Recreate"}
    told = MODEL + "    raySpec: {enabled: true, upgradeStrategy: {type: None}}\n"
    assert one(told, "RayCluster")["spec"]["upgradeStrategy"] == {"type": "None"}


def test_resources_of_the_head() -> None:
    assert head(RAY)["resources"] == {"requests": {"nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "1"}}
    stated = "raySpec: {enabled: true, headNode: {requestCPU: 2, limitMemory: 8Gi}}"
    fields = f"{MODEL}    requestGPUMem: 3000\n    {stated}\n"
    assert head(fields)["resources"] == {"requests": {"cpu": "2"}, "limits": {"memory": "8Gi"}}
    raw = MODEL + "    raySpec: {enabled: true, headNode: {requestCPU: 2, resources: {limits: {cpu: 1}}}}\n"
    assert head(raw)["resources"] == {"limits": {"cpu": 1}}


def test_init_containers_are_each_groups_own() -> None:
    both = MODEL + (
        "    initContainer: {name: of-workers, image: a}\n"
        "    raySpec: {enabled: true, headNode: {initContainer: {name: of-head, image: b}}}\n"
    )
    names = {
        role: [init["name"] for init in pod["spec"].get("initContainers", [])]
        for role, pod in pods(one(both, "RayCluster")).items()
    }
    assert names == {"serves": ["of-head"], "works": ["of-workers"]}


@pytest.mark.parametrize(
    ("budget", "wanted"),
    [
        ("pdb: {enabled: true, minAvailable: 50%}", {"minAvailable": 1}),
        ("pdb: {enabled: true, maxUnavailable: 0}", {"minAvailable": 1}),
        ("pdb: {enabled: true, maxUnavailable: 1}", None),
        ("pdb: {enabled: true, minAvailable: 0}", None),
    ],
)
def test_a_budget_of_a_head_is_an_integer_min_available(budget: str, wanted: dict[str, int] | None) -> None:
    values = f"{RAY}    {budget}\n"
    if wanted is None:
        with pytest.raises(AssertionError):
            one(values, "PodDisruptionBudget")
        return
    spec = one(values, "PodDisruptionBudget")["spec"]
    assert {key: spec[key] for key in spec if key != "selector"} == wanted


@pytest.fixture
def container(tmp_path: Path) -> dict[str, Path]:
    """A folder as the head's root: the scripts where they are mounted, programs that tell what was run."""
    scripts = {}
    for name, path in (("vllm-start-script", "entrypoint"), ("wait-for-ray-script", "scripts")):
        data = one(RAY, "ConfigMap", f"llmstack-llama-{name}")["data"]
        for file, text in data.items():
            target = tmp_path / path / file
            target.parent.mkdir(exist_ok=True)
            target.write_text(text.replace("/scripts/", f"{tmp_path}/scripts/").replace("sleep 5", "sleep 0.1"))
            scripts[file] = target
    return scripts | {"root": tmp_path}


def start(container: dict[str, Path], ray: str, *command: str) -> subprocess.Popen[str]:
    environment = {
        "PATH": f"{container['root'] / 'bin'}:{os.environ['PATH']}",
        "KUBERAY_GEN_RAY_START_CMD": ray,
    }
    script = str(container["vllm-entrypoint.sh"])
    return subprocess.Popen(["bash", script, *command], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)  # fmt: skip


def program(container: dict[str, Path], name: str, body: str) -> None:
    target = container["root"] / "bin" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"#!/bin/bash\n{body}\n")
    target.chmod(0o755)


def test_scripts_parse(container: dict[str, Path]) -> None:
    assert subprocess.run(["bash", "-n", container["vllm-entrypoint.sh"]], check=False).returncode == 0
    compile(container["wait_for_ray.py"].read_text(), "wait_for_ray.py", "exec")


def test_vllm_starts_when_all_nodes_are_there_and_its_end_is_the_containers(
    container: dict[str, Path],
) -> None:
    tries = container["root"] / "tries"
    program(container, "python3", f'echo x >> {tries}; test "$(wc -l < {tries})" -ge 3')
    with start(container, "sleep 60", "bash", "-c", 'echo "serves $0"; exit 7', "a b") as run:
        output, _ = run.communicate(timeout=30)
    assert "serves a b" in output
    assert run.returncode == 7
    assert tries.read_text().count("x") == 3


def test_the_end_of_ray_is_the_containers_end(container: dict[str, Path]) -> None:
    program(container, "python3", "exit 1")
    with start(container, "exit 3", "true") as run:
        output, _ = run.communicate(timeout=30)
    assert run.returncode != 0
    assert "ray start has ended" in output


def test_a_clean_end_of_vllm_is_a_failure_too(container: dict[str, Path]) -> None:
    program(container, "python3", "exit 0")
    with start(container, "sleep 60", "true") as run:
        run.communicate(timeout=30)
    assert run.returncode == 1


def test_a_stop_reaches_ray_and_vllm(container: dict[str, Path]) -> None:
    program(container, "python3", "exit 0")
    told = container["root"] / "told"
    body = f'trap "echo stopped >> {told}; exit 0" TERM; echo ready >> {told}; while :; do sleep 0.05; done'
    with start(container, body, "bash", "-c", body) as run:
        until = time.monotonic() + 20
        while not told.exists() or told.read_text().count("ready") < 2:
            assert time.monotonic() < until
            time.sleep(0.05)
        run.terminate()
        run.communicate(timeout=30)
    assert run.returncode == 143
    assert told.read_text().count("stopped") == 2
