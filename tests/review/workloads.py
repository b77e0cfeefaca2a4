"""A workload with one container, and other objects of its namespace."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def workload(name: str = "llama", image: str = "vllm:1", args: list[str] | None = None, **container: Any) -> Object:
    spec = {"containers": [{"name": "vllm", "image": image, "args": args or ["m", "--port", "8000"], **container}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "serving"},
        "spec": {
            "replicas": 1,
            "template": {"metadata": {"annotations": {"checksum/config": "1"}}, "spec": spec},
        },
    }


def plain(kind: str, name: str, **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "serving"}, **fields}
