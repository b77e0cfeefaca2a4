"""`chatTemplate`: the template's text, or the name of a file under /templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import names
from llmstack.objects.labels import engine_labels
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place

FOLDER = "/templates"
FILE = "chat-template.jinja"
CLAIM = "vllm-templates-pvc"
"""The claim in which the chart looks for template files."""


def is_text(template: str) -> bool:
    """Whether `chatTemplate` is the template itself, not the name of a file."""
    return "{" in template or "\n" in template


def template_path(model: Model) -> str | None:
    """Value of `--chat-template`: a path in the container; None without a template."""
    template = model.chat_template
    if not template:
        return f"{FOLDER}/{FILE}" if model.chat_template_config_map else None
    if is_text(template):
        return f"{FOLDER}/{FILE}"
    if model.chat_template_config_map:
        return f"{FOLDER}/{template.rpartition('/')[2] or FILE}"
    return template if template.startswith("/") else f"{FOLDER}/{template}"


def template_data(model: Model) -> dict[str, str] | None:
    """The config map's data, None when the template is not ours to write."""
    if model.chat_template_config_map:
        path = template_path(model) or FILE
        return {path.rsplit("/", 1)[-1]: model.chat_template_config_map}
    if model.chat_template and is_text(model.chat_template):
        return {FILE: model.chat_template}
    return None


def volume(stack: Stack, model: Model) -> dict[str, Any] | None:
    """The volume under /templates; None when there is no template, or the user mounts something there."""
    if template_data(model):
        name = names.chat_templates(stack, model.name or "engine")
        return {"name": "chat-templates", "configMap": {"name": name}}
    mounted = {mount.get("mountPath") for mount in model.extra_volume_mounts or []}
    if (template_path(model) or "").startswith(f"{FOLDER}/") and FOLDER not in mounted:
        return {"name": "vllm-templates", "persistentVolumeClaim": {"claimName": CLAIM}}
    return None


def mount(stack: Stack, model: Model) -> dict[str, Any] | None:
    mounted = volume(stack, model)
    return {"name": mounted["name"], "mountPath": FOLDER} if mounted else None


def build(stack: Stack, model: Model, unit: str) -> Iterator[Placed]:
    """Yield the template's config map."""
    if data := template_data(model):
        name = names.chat_templates(stack, model.name or "engine")
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(stack, name, engine_labels(stack, model)),
        }
        yield place(unit, body | {"data": data})
