"""vLLM's command line in containers: the ways in which people start it, and what of it cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.flags import catalogue_for, lint_arguments
from llmstack.kubernetes.served import Served, find_served


def _served(**container: Any) -> list[Served]:
    return list(find_served({"containers": [{"name": "engine", "image": "registry/own:1", **container}]}))


SCRIPT = """set -x
MODEL=Qwen/Q
python3 -m vllm.entrypoints.openai.api_server --model "$MODEL" \\
  --max-model-len ${LENGTH} $EXTRA 2>&1 | tee /tmp/log
"""


@pytest.mark.parametrize(
    ("container", "arguments"),
    [
        ({"command": ["vllm", "serve"], "args": ["Qwen/Q", "--port=1"]}, ("Qwen/Q", "--port=1")),
        ({"command": ["/opt/venv/bin/vllm", "serve", "Qwen/Q"]}, ("Qwen/Q",)),
        ({"args": ["vllm", "serve", "Qwen/Q"]}, ("Qwen/Q",)),
        (
            {"command": ["python3", "-m", "vllm.entrypoints.openai.api_server"], "args": ["--port", "1", "--model=Q"]},
            ("Q", "--port", "1"),
        ),
        ({"image": "vllm/vllm-openai:v0.9.0", "args": ["--model", "Q", "--seed", "1"]}, ("Q", "--seed", "1")),
        ({"image": "r:5000/vllm-openai@sha256:0", "args": ["--model", "Q"]}, ("Q",)),
        ({"image": "vllm/vllm-openai:v0.15.1", "args": ["Qwen/Q"]}, ("Qwen/Q",)),
        ({"command": ["sh", "-c", "--"], "args": ["vllm serve Q"]}, ("Q",)),
        ({"command": ["bash", "-c", "-e", "vllm serve Q"]}, ("Q",)),
        ({"command": ["sh", "-c", "exec vllm serve Q --port 1"]}, ("Q", "--port", "1")),
        ({"command": ["/bin/bash", "-euo", "pipefail", "-c"], "args": ["vllm serve Q"]}, ("Q",)),
        ({"command": ["/usr/bin/env", "bash", "-lc", "ray start --head; vllm serve Q --port 1"]}, ("Q", "--port", "1")),
        (
            {"command": ["vllm", "serve", "$(M)", "--x=$(S)"], "env": [{"name": "M", "value": "Q"}, {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            ("Q", "--x=$(S)"),
        ),
        ({"command": ["vllm", "serve", "$(B)"], "env": [{"name": "A", "value": "Q"}, {"name": "B", "value": "$(A)/x"}]}, ("Q/x",)),
    ],
    ids=range(14),
)  # fmt: skip
def test_an_engine_is_found(container: dict[str, Any], arguments: tuple[str, ...]) -> None:
    (served,) = _served(**container)
    assert served.arguments == arguments
    assert len(served.at) == len(arguments)
    assert not served.unread


def test_a_script_is_read_with_its_variables() -> None:
    (served,) = _served(command=["bash", "-c", SCRIPT], env=[{"name": "LENGTH", "value": "8192"}])
    assert served.arguments == ("Qwen/Q", "--max-model-len", "8192")
    assert served.unread == ("some of its arguments are in $(EXTRA)",)
    assert set(served.at) == {("containers", 0, "command", 2)}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("if $X; then vllm serve A; else vllm serve B; fi", "which of the commands of its script runs is not known"),
        ("vllm serve 'A", "its script cannot be read"),
        ("cat <<E\nE\nvllm serve A", "its script cannot be read"),
    ],
)
def test_what_cannot_be_told_is_said(script: str, why: str) -> None:
    (served,) = _served(command=["sh", "-c", script])
    assert (served.arguments, served.unread) == ((), (why,))


@pytest.mark.parametrize(
    "container",
    [
        {"command": ["sleep", "inf"]},
        {"command": ["echo", "vllm", "serve", "Q"]},
        {"command": ["sh", "-c", "pip install vllm && sleep 1"]},
        {"image": "vllm/vllm-openai:v0.9.0", "command": ["sleep"], "args": ["--x"]},
        {"image": "vllm/vllm-openai:v0.9.0", "args": ["/bin/bash"]},
        {"image": "lmcache/vllm-router:1", "args": ["--port", "80"]},
        {"args": "vllm serve"},
        {"command": [{"vllm": 1}]},
        {"env": "x", "command": []},
    ],
    ids=range(9),
)
def test_what_is_no_engine_is_none(container: dict[str, Any]) -> None:
    assert not _served(**container)


WIDE = """# clean up first (it's what a crash leaves)
find /dev/shm -type f -delete
START_RANK=$(( ${LWS_WORKER_INDEX:-0} * DP_LOCAL ))
exec vllm serve org/model \\
  --data-parallel-size $((LWS_GROUP_SIZE * DP_LOCAL)) --data-parallel-size-local $DP_LOCAL \\
  --data-parallel-start-rank $START_RANK --data-parallel-address ${LWS_LEADER_ADDRESS} \\
  --kv_transfer_config '{"kv_connector": "NixlConnector",
                         "kv_role": "kv_both"}' \\
  --max-num-seqs $(nproc) --kv-cache-memory-bytes=${KV_BYTES-}
  # --otlp-traces-endpoint http://collector:4317 \\
"""


def test_what_only_runs_in_the_cluster_is_held_against_nobody() -> None:
    """A script as wide deployments of expert parallelism have it: sums, defaults, values of the pod's environment."""
    (served,) = _served(command=["/bin/bash", "-c"], args=[WIDE], env=[{"name": "DP_LOCAL", "value": "8"}])
    assert served.arguments[:5] == (
        "org/model",
        "--data-parallel-size",
        "$(PRINTED)",
        "--data-parallel-size-local",
        "8",
    )
    assert served.arguments[-1] == "--kv-cache-memory-bytes=$(KV_BYTES)"
    assert lint_arguments(served.arguments, catalogue_for("vllm/vllm-openai", "v0.19.1")) == []
