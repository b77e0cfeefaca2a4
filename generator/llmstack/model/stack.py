"""The whole values file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from llmstack.finding import Route
from llmstack.model.cache_server import CacheServerSpec
from llmstack.model.engine import ServingEngineSpec
from llmstack.model.gitops import Gitops
from llmstack.model.global_images import GlobalImages
from llmstack.model.lora import LoraAdapter, LoraController
from llmstack.model.models import Model
from llmstack.model.monitoring import GrafanaDashboards
from llmstack.model.router import RouterSpec
from llmstack.model.storage import SharedStorage
from llmstack.model.types import Section, none_is_empty

OTHER_CHARTS = ("kube-prometheus-stack", "prometheus-adapter", "kuberay-operator", "keda")
"""Sections that belong to charts beside this one."""


def foreign_keys(data: Mapping[str, Any]) -> list[Route]:
    """The routes of what a file holds for other charts: their sections, and their keys of `global`."""
    shared = data.get("global")
    own = {field.alias for field in GlobalImages.model_fields.values()}
    others = [key for key in shared if key not in own] if isinstance(shared, dict) else []
    return [*((name,) for name in OTHER_CHARTS if name in data), *(("global", key) for key in others)]


def without(data: Mapping[str, Any], routes: Iterable[Route]) -> dict[str, Any]:
    """A copy of the values without the keys at routes of one or two steps."""
    copy = dict(data)
    for section, *rest in routes:
        if rest:
            copy[str(section)] = {key: value for key, value in copy[str(section)].items() if key != rest[0]}
        else:
            copy.pop(str(section), None)
    return copy


class Stack(Section):
    """One environment: the chart's values and our section."""

    serving_engine_spec: Annotated[ServingEngineSpec, BeforeValidator(none_is_empty)] = Field(
        default_factory=ServingEngineSpec, description="The serving engines."
    )
    router_spec: Annotated[RouterSpec, BeforeValidator(none_is_empty)] = Field(
        default_factory=RouterSpec, description="The router."
    )
    cache_server_spec: Annotated[CacheServerSpec, BeforeValidator(none_is_empty)] = Field(
        default_factory=CacheServerSpec, description="The cache server."
    )
    shared_storage: Annotated[SharedStorage, BeforeValidator(none_is_empty)] = Field(
        default_factory=SharedStorage, description="Storage all engines share."
    )
    lora_adapters: list[LoraAdapter] | None = Field(None, description="LoRA adapters.")
    lora_controller: Annotated[LoraController, BeforeValidator(none_is_empty)] = Field(
        default_factory=LoraController, description="The LoRA controller."
    )
    grafana_dashboards: Annotated[GrafanaDashboards, BeforeValidator(none_is_empty)] = Field(
        default_factory=GrafanaDashboards, description="Grafana dashboards."
    )
    global_images: Annotated[GlobalImages, BeforeValidator(none_is_empty)] = Field(
        default_factory=GlobalImages, alias="global", description="Where the images of all components come from."
    )
    extra_objects: list[dict[str, Any]] | None = Field(None, description="Further Kubernetes objects, as they are.")
    gitops: Annotated[Gitops, BeforeValidator(none_is_empty)] = Field(
        default_factory=Gitops, description="What only llmstack reads."
    )

    @property
    def engine(self) -> ServingEngineSpec:
        return self.serving_engine_spec

    def named(self, environment: str) -> Stack:
        """The stack of an environment: its name stands for `{env}` in `gitops.secrets.key`."""
        key = self.gitops.secrets.key
        if key is None or "{env}" not in key:
            return self
        secrets = self.gitops.secrets.model_copy(update={"key": key.replace("{env}", environment)})
        return self.model_copy(update={"gitops": self.gitops.model_copy(update={"secrets": secrets})})

    @property
    def models(self) -> list[Model]:
        """The models that are deployed."""
        return [model for model in self.engine.model_spec if model.is_enabled] if self.engine.enable_engine else []

    def without_models(self) -> Stack:
        """The stack with no model at all: what its models share."""
        return self.model_copy(update={"serving_engine_spec": self.engine.model_copy(update={"model_spec": []})})


def map_defaults() -> dict[str, Any]:
    """The defaults that are maps, by the values' own keys: the lowest layer, under which a file's map merges deep."""
    return deepcopy(_maps_of(Stack))


@cache
def _maps_of(section: type[BaseModel]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        default = field.get_default(call_default_factory=True) if not field.is_required() else None
        if isinstance(default, dict) and default:
            found[field.alias or name] = default
        elif isinstance(default, BaseModel) and (inner := _maps_of(type(default))):
            found[field.alias or name] = inner
    return found
