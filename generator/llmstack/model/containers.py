"""`initContainer`: containers that run before the engine."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from llmstack.model.blocks import EnvVars, Resources, VolumeMounts
from llmstack.model.types import NumberText, OneOrMany, Section, Text


class InitContainer(Section):
    """One init container. It sees RELEASE_NAME and, where there is a cache server, LMCACHE_SERVER_SERVICE_PORT."""

    name: Text | None = Field(None, description="Name of the container; `init` when unset.")
    image: Text | None = Field(None, description="Image to run.")
    command: list[NumberText] | None = Field(None, description="Command.")
    args: list[NumberText] | None = Field(None, description="Arguments.")
    env: EnvVars | None = Field(None, description="Environment, as a Kubernetes list.")
    resources: Resources | None = Field(None, description="Requests and limits.")
    mount_pvc_storage: bool | None = Field(False, description="Mount the model's volume at /data.")
    extra_volume_mounts: VolumeMounts | None = Field(None, description="Further mounts.")
    image_pull_policy: Text | None = Field(None, description="When to pull the image.")


def _one_as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


InitContainers = Annotated[list[InitContainer], BeforeValidator(_one_as_list), OneOrMany()]
"""A map or a list of them, in order."""
