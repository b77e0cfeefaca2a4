"""Spellings that example files of the chart have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.objects.support import MODEL, env_of, one

ENGINE = "llmstack-llama-deployment-vllm"


def test_environment_of_all_engines_and_a_models_own() -> None:
    shared = "servingEngineSpec:\n  env: [{name: A, value: all}, {name: B, value: all}]"
    values = MODEL.replace("servingEngineSpec:", shared) + "    env: [{name: B, value: own}]\n"
    env = env_of(one(values, "Deployment", ENGINE)["spec"]["template"]["spec"]["containers"][0])
    assert (env["A"], env["B"]) == ("all", "own")


def test_one_access_mode_as_a_word() -> None:
    values = MODEL + "    pvcStorage: 5Gi\n    pvcAccessMode: ReadWriteMany\n    pvcMatchLabels: {a: b}\n"
    spec = one(values, "PersistentVolumeClaim")["spec"]
    assert spec["accessModes"] == ["ReadWriteMany"]
    assert spec["selector"] == {"matchLabels": {"a": "b"}}


def test_an_ingress_leads_to_the_routers_service() -> None:
    values = MODEL + "routerSpec: {servicePort: 8080, ingress: {enabled: true, className: nginx}}\n"
    spec = one(values, "Ingress")["spec"]
    assert spec["ingressClassName"] == "nginx"
    (rule,) = spec["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    service = one(values, "Service", backend["name"])
    assert backend["port"]["number"] in {port["port"] for port in service["spec"]["ports"]}


@pytest.mark.parametrize(
    ("template", "path", "mounted"),
    [
        ("tool.jinja", "/templates/tool.jinja", {"persistentVolumeClaim": {"claimName": "vllm-templates-pvc"}}),
        (
            "/templates/tool.jinja",
            "/templates/tool.jinja",
            {"persistentVolumeClaim": {"claimName": "vllm-templates-pvc"}},
        ),
        ("/opt/tool.jinja", "/opt/tool.jinja", None),
        ("{{ messages }}", "/templates/chat-template.jinja", {"configMap": {"name": "llmstack-llama-chat-templates"}}),
    ],
)
def test_where_a_chat_template_comes_from(template: str, path: str, mounted: dict[str, Any] | None) -> None:
    stated = f"    enableTool: true\n    toolCallParser: llama3_json\n    chatTemplate: '{template}'\n"
    pod = one(MODEL + stated, "Deployment", ENGINE)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][container["args"].index("--chat-template") + 1] == path
    volumes = {volume.pop("name"): volume for volume in pod.get("volumes", [])}
    sources = {mount["mountPath"]: volumes[mount["name"]] for mount in container.get("volumeMounts", [])}
    assert sources.get("/templates") == mounted
