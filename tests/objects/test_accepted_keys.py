"""Keys that the chart accepted and ignored, has in its main, or that packagings of it have: what they do."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack import yamlio
from llmstack.model.stack import Stack, map_defaults
from llmstack.objects.components import build_all
from llmstack.values.layers import merge

MODEL = "name: chat, repository: vllm/vllm-openai, tag: v0.15.1, modelURL: example/chat-8b, requestGPU: 1"
ENGINE, ROUTER, CACHE = (
    "llmstack-chat-deployment-vllm",
    "llmstack-deployment-router",
    "llmstack-deployment-cache-server",
)


def objects(model: str = "", engine: str = "", rest: str = "") -> list[dict[str, Any]]:
    models = f"modelSpec: [{{{', '.join(filter(None, (MODEL, model)))}}}]"
    text = f"servingEngineSpec: {{{', '.join(filter(None, (engine, models)))}}}\n{rest}"
    values = merge(map_defaults(), yamlio.load(text))
    return [placed.object for placed in build_all(Stack.model_validate(values))]


def pod(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    named = [each for each in found if each["kind"] == "Deployment" and each["metadata"]["name"] == name]
    (spec,) = (each["spec"]["template"]["spec"] for each in named)
    assert isinstance(spec, dict)
    return spec


def container(found: list[dict[str, Any]], name: str = ENGINE) -> dict[str, Any]:
    first = pod(found, name)["containers"][0]
    assert isinstance(first, dict)
    return first


def flag(found: list[dict[str, Any]], name: str) -> str | None:
    args = container(found, ROUTER)["args"]
    return args[args.index(name) + 1] if name in args else None


def test_a_node_selector_of_the_stack_is_for_engines_alone() -> None:
    found = objects(engine="nodeSelector: {pool: gpu}", rest="cacheServerSpec: {enableServer: true}")
    assert pod(found, ENGINE)["nodeSelector"] == {"pool": "gpu"}
    assert "nodeSelector" not in pod(found, ROUTER)
    assert "nodeSelector" not in pod(found, CACHE)


@pytest.mark.parametrize(("own", "left"), [("{zone: a}", {"zone": "a"}), ("{}", None)])
def test_a_models_own_node_selector_takes_its_place(own: str, left: dict[str, str] | None) -> None:
    found = objects(f"nodeSelector: {own}", "nodeSelector: {pool: gpu}")
    assert pod(found, ENGINE).get("nodeSelector") == left


def test_a_models_placement_takes_the_place_of_the_stacks() -> None:
    shared = "affinity: {podAntiAffinity: {}}"
    assert pod(objects(engine=shared), ENGINE)["affinity"] == {"podAntiAffinity": {}}
    own = "nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]"
    assert "podAntiAffinity" not in pod(objects(own, shared), ENGINE)["affinity"]


def test_a_models_probe_changes_that_of_all_engines() -> None:
    probe = container(objects("startupProbe: {failureThreshold: 240}"))["startupProbe"]
    assert (probe["failureThreshold"], probe["httpGet"]["path"]) == (240, "/health")
    assert "readinessProbe" not in container(objects("readinessProbe: null"))
    tcp = container(objects("livenessProbe: {tcpSocket: {port: 8000}}"))["livenessProbe"]
    assert "httpGet" not in tcp


def test_the_deadline_follows_a_models_own_probe() -> None:
    (found,) = (each for each in objects("startupProbe: {failureThreshold: 240}") if each["metadata"]["name"] == ENGINE)
    assert found["spec"]["progressDeadlineSeconds"] == 15 + 2400 + 300


def test_service_links_are_off_on_engine_pods_alone() -> None:
    assert pod(objects(), ENGINE)["enableServiceLinks"] is False
    assert "enableServiceLinks" not in pod(objects(), ROUTER)
    assert pod(objects("enableServiceLinks: true"), ENGINE)["enableServiceLinks"] is True


def test_limit_gpu_is_the_request() -> None:
    sizes = container(objects("limitGPU: 1"))["resources"]
    assert sizes["limits"] == sizes["requests"] == {"nvidia.com/gpu": "1"}
    alone = container(objects("requestGPU: 0, limitGPU: 2"))["resources"]
    assert alone["limits"] == alone["requests"] == {"nvidia.com/gpu": "2"}


def test_device_claims_are_the_pods_and_the_containers() -> None:
    found = objects("requestGPU: 0, resourceClaims: [{name: gpu, resourceClaimTemplateName: one}]")
    assert pod(found, ENGINE)["resourceClaims"] == [{"name": "gpu", "resourceClaimTemplateName": "one"}]
    assert container(found)["resources"]["claims"] == [{"name": "gpu"}]


def test_a_command_takes_the_place_of_vllm_serve() -> None:
    found = container(objects("command: [sh, -c], args: [run], vllmConfig: {maxModelLen: 8}"))
    assert (found["command"], found["args"]) == (["sh", "-c"], ["run"])


@pytest.mark.parametrize(
    ("registry", "repository", "image"),
    [
        ("mirror.example.com:5000", "vllm/vllm-openai", "mirror.example.com:5000/vllm/vllm-openai:v1"),
        ("mirror.example.com/cache/", "ghcr.io/team/vllm", "mirror.example.com/cache/team/vllm:v1"),
        ("mirror.example.com", "mirror.example.com/team/vllm", "mirror.example.com/team/vllm:v1"),
        ("mirror.example.com", "localhost:5000/team/vllm", "mirror.example.com/team/vllm:v1"),
        ("", "ghcr.io/team/vllm", "ghcr.io/team/vllm:v1"),
    ],
)
def test_the_registry_of_all_images_is_as_in_the_chart(registry: str, repository: str, image: str) -> None:
    """The cases of helm/tests/imageRegistry_test.yaml, vllm-project/production-stack."""
    rest = f'global: {{imageRegistry: "{registry}"}}'
    assert container(objects(f"repository: {repository}, tag: v1", rest=rest))["image"] == image


def test_every_image_and_every_pod_comes_from_the_registry() -> None:
    rest = """
global: {imageRegistry: r.example.com, imagePullSecrets: [pull, {name: other}]}
cacheServerSpec: {enableServer: true}
sharedStorage: {enabled: true}
loraController: {enableLoraController: true}
"""
    init = "initContainer: {name: a, image: busybox:1.37}, enableLoRA: true, pvcStorage: 1Gi"
    for name in (ENGINE, ROUTER, CACHE, "llmstack-lora-controller"):
        spec = pod(objects(init, rest=rest), name)
        images = [each["image"] for kind in ("containers", "initContainers") for each in spec.get(kind) or []]
        assert images
        assert all(each.startswith("r.example.com/") for each in images), images
        assert spec["imagePullSecrets"] == [{"name": "pull"}, {"name": "other"}]


def test_a_components_own_registry_stands_before_a_bare_repository() -> None:
    assert container(objects("registry: docker.io"))["image"] == "docker.io/vllm/vllm-openai:v0.15.1"
    found = objects(rest="routerSpec: {registry: docker.io, repository: ghcr.io/a/b, tag: v1}")
    assert container(found, ROUTER)["image"] == "ghcr.io/a/b:v1"


@pytest.mark.parametrize(
    ("router", "engine", "port"),
    [
        ("k8sServiceDiscoveryType: service-name", "", "80"),
        ("k8sServiceDiscoveryType: service-name", "servicePort: 8080", "8080"),
        ("k8sServiceDiscoveryType: service-name", "servicePort: null, containerPort: 9000", "9000"),
        ("k8sServiceDiscoveryType: service-name", "servicePort: 8000", None),
        ("k8sServiceDiscoveryType: pod-ip", "containerPort: 9000", "9000"),
        ("k8sServiceDiscoveryType: pod-ip", "", None),
    ],
)
def test_the_router_asks_engines_on_a_port_they_have(router: str, engine: str, port: str | None) -> None:
    assert flag(objects(engine=engine, rest=f"routerSpec: {{{router}}}"), "--k8s-port") == port


def test_the_router_looks_where_it_is_told() -> None:
    found = objects(rest='routerSpec: {k8sNamespace: llm, k8sLabelSelector: "a=b"}')
    assert (flag(found, "--k8s-namespace"), flag(found, "--k8s-label-selector")) == ("llm", "a=b")


@pytest.mark.parametrize(
    ("tag", "passed"),
    [
        ("latest", True),
        ("v0.1.13", True),
        ("v0.1.9", False),
        ("0.1.9.dev9-g37bafbcf5.d20260107", False),
        ("mine", True),
    ],
)
@pytest.mark.parametrize("logic", ["kvaware", "loadaware"])
def test_a_derived_flag_is_passed_to_routers_that_have_it(logic: str, tag: str, *, passed: bool) -> None:
    model = "lmcacheConfig: {enabled: true, enableController: true, controllerReplyPort: 9001}"
    found = objects(model, rest=f"routerSpec: {{routingLogic: {logic}, tag: '{tag}'}}")
    assert (flag(found, "--lmcache-controller-reply-port") == "9001") is passed


@pytest.mark.parametrize(
    ("model", "mounted"),
    [
        ("", None),
        ("vllmConfig: {tensorParallelSize: 2}", "20Gi"),
        ("vllmConfig: {pipelineParallelSize: 2}", "20Gi"),
        ("vllmConfig: {extraArgs: [--tensor-parallel-size=2]}, shmSize: 8Gi", "8Gi"),
        ("vllmConfig: {extraArgs: [-dp, '2']}", "20Gi"),
        ("vllmConfig: {extraArgs: [--data-parallel-size, '4', --data-parallel-size-local, '1']}", None),
        ("vllmConfig: {extraArgs: [--kv-offloading-size, '20']}", "20Gi"),
        ("shmSize: 4Gi", "4Gi"),
        ("lwsSpec: {enabled: true, size: 2}", "20Gi"),
        ("requestGPU: 8, vllmConfig: {extraArgs: [--config, /a.yaml]}", "20Gi"),
        ("vllmConfig: {extraArgs: [--config, /a.yaml]}", None),
        ("requestGPU: 2, vllmConfig: {extraArgs: [--tensor-parallel-size, $(TP)]}", "20Gi"),
        ("requestGPU: 2, command: [run]", "20Gi"),
    ],
)
def test_shared_memory_is_mounted_for_several_workers(model: str, mounted: str | None) -> None:
    found = objects(model)
    (workload,) = (each for each in found if each["kind"] in ("Deployment", "LeaderWorkerSet") and "chat" in str(each))
    template = workload["spec"].get("template") or workload["spec"]["leaderWorkerTemplate"]["workerTemplate"]
    volumes = {each["name"]: each for each in template["spec"].get("volumes") or []}
    paths = [each["mountPath"] for each in template["spec"]["containers"][0].get("volumeMounts") or []]
    assert ("/dev/shm" in paths) == ("shm" in volumes) == (mounted is not None)
    if mounted:
        assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": mounted}


def test_a_disk_cache_elsewhere_has_no_volume_of_ours_beside_it() -> None:
    cache = "lmcacheConfig: {enabled: true, diskOffloadingBufferSize: 10Gi}"
    assert any(each["name"] == "lmcache-disk" for each in pod(objects(cache), ENGINE)["volumes"])
    own = f"{cache}, env: [{{name: LMCACHE_LOCAL_DISK, value: 'file:///mnt/'}}]"
    assert "volumes" not in pod(objects(own), ENGINE)


def test_a_route_has_the_timeouts_that_it_states() -> None:
    route = "routerSpec: {route: {main: {enabled: true, timeouts: {request: 600s}}}}"
    (found,) = (each for each in objects(rest=route) if each["kind"] == "HTTPRoute")
    assert found["spec"]["rules"][0]["timeouts"] == {"request": "600s"}


def test_a_ray_head_has_a_readiness_probe_of_its_own() -> None:
    found = objects("raySpec: {enabled: true, headNode: {readinessProbe: {periodSeconds: 77}}}")
    (cluster,) = (each for each in found if each["kind"] == "RayCluster")
    probe = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    assert (probe["periodSeconds"], probe["httpGet"]["path"]) == (77, "/health")


def test_a_model_has_a_monitor_of_its_own_where_not_all_have_one() -> None:
    own = "serviceMonitor: {enabled: true, interval: 5s}"
    (found,) = (each for each in objects(own) if each["kind"] == "ServiceMonitor")
    assert found["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] == "chat"
    (shared,) = (each for each in objects(own, "serviceMonitor: {enabled: true}") if each["kind"] == "ServiceMonitor")
    assert shared["metadata"]["name"] == "llmstack-engine-servicemonitor"
