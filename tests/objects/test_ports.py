"""`extraPorts`: Service ports that open the container's port too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.objects.support import MODEL, one

ENGINE = "llmstack-llama-deployment-vllm"


def ports(extra: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The container's and the Service's ports, beyond the API's own."""
    values = MODEL.replace("servingEngineSpec:", f"servingEngineSpec:\n  extraPorts: {extra}")
    container = one(values, "Deployment", ENGINE)["spec"]["template"]["spec"]["containers"][0]["ports"]
    service = one(values, "Service", "llmstack-llama-engine-service")["spec"]["ports"]
    for found in (container, service):
        names = [port["name"] for port in found if "name" in port]
        assert len(names) == len(set(names)), names
    return container[1:], service[1:]


@pytest.mark.parametrize(
    ("extra", "opened"),
    [
        ("[{name: m, port: 90}]", [{"name": "m", "containerPort": 90}]),
        ("[{name: m, port: 90, targetPort: 9000}]", [{"name": "m", "containerPort": 9000}]),
        ("[{name: m, port: 90, targetPort: stats}]", [{"name": "stats", "containerPort": 90}]),
        ("[{name: m, port: 90, targetPort: container-port}]", []),
        ("[{name: m, port: 90, targetPort: 8000}]", []),
        ("[{name: a-name-longer-than-fifteen, port: 90}]", [{"containerPort": 90}]),
        ("[{name: container-port, port: 90}]", [{"containerPort": 90}]),
    ],
)
def test_what_is_opened(extra: str, opened: list[dict[str, Any]]) -> None:
    assert ports(extra)[0] == opened


def test_protocols_are_written_out_where_one_is() -> None:
    container, service = ports("[{name: u, port: 53, protocol: UDP}]")
    assert container == [{"name": "u", "containerPort": 53, "protocol": "UDP"}]
    assert service == [{"name": "u", "port": 53, "protocol": "UDP"}]


def test_every_port_of_a_service_has_a_name() -> None:
    assert ports("[{port: 90}]")[1] == [{"name": "port-90", "port": 90, "protocol": "TCP"}]
