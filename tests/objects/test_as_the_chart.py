"""What the chart makes of less common keys, and so do we (Helm's rendering of chart 0.1.12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.objects.support import MODEL, env_of, objects_of, one, pods

ENGINE = "llmstack-llama-deployment-vllm"


def engine(values: str) -> dict[str, Any]:
    spec: dict[str, Any] = pods(one(values, "Deployment", ENGINE))["serves"]["spec"]
    return spec


@pytest.mark.parametrize("repository", ["lmcache/vllm-openai", "lmcache/lmstack-cache-server", "registry.local/cache"])
def test_the_cache_servers_program_is_in_its_virtual_environment(repository: str) -> None:
    values = MODEL + f"cacheServerSpec: {{enableServer: true, image: {{repository: {repository}}}}}\n"
    server = one(values, "Deployment", "llmstack-deployment-cache-server")
    (container,) = server["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/opt/venv/bin/lmcache_server", "0.0.0.0", "8000"]


def test_a_routers_given_account_gets_no_role() -> None:
    kinds = {kind for kind, _ in objects_of(MODEL + "routerSpec: {serviceAccountName: mine}\n")}
    assert not kinds & {"ServiceAccount", "Role", "RoleBinding"}


@pytest.mark.parametrize(
    ("cache", "port"),
    [("", None), ("{enableServer: false, servicePort: 81}", None), ("{enableServer: true, servicePort: 81}", "81")],
)
def test_an_init_container_is_told_of_the_cache_server_there_is(cache: str, port: str | None) -> None:
    values = MODEL + "    initContainer: {name: init, image: 'busybox:1.37'}\n"
    (init,) = engine(values + (f"cacheServerSpec: {cache}\n" if cache else ""))["initContainers"]
    found = env_of(init)
    assert found["RELEASE_NAME"] == "llmstack"
    assert found.get("LMCACHE_SERVER_SERVICE_PORT") == port


def test_lmcache_that_is_off_still_says_what_was_set() -> None:
    values = MODEL + "    lmcacheConfig: {enabled: false, cpuOffloadingBufferSize: '20'}\n"
    (container,) = engine(values)["containers"]
    said = {name: value for name, value in env_of(container).items() if name.startswith("LMCACHE_")}
    assert said.pop("LMCACHE_LMCACHE_INSTANCE_ID") is not None
    assert said == {"LMCACHE_LOCAL_CPU": "True", "LMCACHE_MAX_LOCAL_CPU_SIZE": "20"}
    assert "--kv-transfer-config" not in container["args"]


def test_no_lmcache_says_nothing() -> None:
    (container,) = engine(MODEL)["containers"]
    assert not [name for name in env_of(container) if name.startswith("LMCACHE_")]


def test_the_shared_storage_has_the_labels_that_the_chart_gives_it() -> None:
    values = MODEL + "sharedStorage: {enabled: true, hostPath: /data}\n"
    ours = {"app": "llmstack", "component": "shared-pvc-storage"}
    for kind, more in (("PersistentVolume", {"type": "local"}), ("PersistentVolumeClaim", {})):
        found = one(values, kind)["metadata"]["labels"]
        assert ours.items() | more.items() <= found.items()
        assert ("type" in found) == bool(more)


def test_the_labels_of_a_budget_are_over_those_of_its_component() -> None:
    values = MODEL + "routerSpec: {pdb: {enabled: true, labels: {release: mine, app.kubernetes.io/name: other}}}\n"
    found = one(values, "PodDisruptionBudget")["metadata"]["labels"]
    assert found["release"] == "mine"
    assert found["environment"] == "router"
    assert found["app.kubernetes.io/name"] == "router"


@pytest.mark.parametrize(
    ("stated", "sizes"),
    [
        ("limits: {memory: 1Gi}", {"requests": {"cpu": "4"}, "limits": {"cpu": "8", "memory": "1Gi"}}),
        (
            "requests: {cpu: 16}",
            {"requests": {"cpu": 16, "memory": "16G"}, "limits": {"memory": "32G"}},
        ),
        ("limits: {cpu: 1, memory: 1Gi}", {"limits": {"cpu": 1, "memory": "1Gi"}}),
        ("limits: {cpu: 5}", {"requests": {"cpu": "4", "memory": "16G"}, "limits": {"cpu": 5, "memory": "32G"}}),
    ],
)
def test_a_default_size_gives_way_to_what_is_stated(stated: str, sizes: dict[str, Any]) -> None:
    router = one(MODEL + f"routerSpec: {{resources: {{{stated}}}}}\n", "Deployment", "llmstack-deployment-router")
    (container,) = router["spec"]["template"]["spec"]["containers"]
    text = {side: {key: str(value) for key, value in given.items()} for side, given in sizes.items()}
    found = {side: {k: str(v) for k, v in given.items()} for side, given in container["resources"].items()}
    assert found == text


def test_a_models_labels_do_not_hide_its_pods_from_those_who_look_for_them() -> None:
    stated = "    labels: {model: other, environment: prod, team: a}\n"
    deployment = one(MODEL + stated, "Deployment", ENGINE)
    read = {"model": "llama", "environment": "test", "team": "a"}
    assert read.items() <= pods(deployment)["serves"]["metadata"]["labels"].items()
    assert read.items() <= one(MODEL + stated, "Service", "llmstack-llama-engine-service")["metadata"]["labels"].items()
    own = {"model": "other", "environment": "prod", "team": "a"}
    assert own.items() <= deployment["metadata"]["labels"].items()


def test_the_labels_of_a_models_pods_are_the_last_word() -> None:
    pod = pods(one(MODEL + "    podLabels: {environment: prod}\n", "Deployment", ENGINE))["serves"]
    assert pod["metadata"]["labels"]["environment"] == "prod"


@pytest.mark.parametrize(("more", "ports"), [("", [9000]), (", lmcacheControllerPort: 9100", [9000, 9100])])
def test_a_router_on_the_controllers_port_opens_it_once(more: str, ports: list[int]) -> None:
    values = MODEL + f"routerSpec: {{containerPort: 9000{more}}}\n"
    router = one(values, "Deployment", "llmstack-deployment-router")
    (container,) = router["spec"]["template"]["spec"]["containers"]
    assert [port["containerPort"] for port in container["ports"]] == ports
