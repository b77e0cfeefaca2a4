"""Where an image is pulled from, and with which Secrets.

`global.imageRegistry` takes the place of the registry that a reference names, as in the chart (helm/tests/
imageRegistry_test.yaml of its main); a component's own `registry` stands before a repository that names none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.model.stack import Stack
from llmstack.objects.pod import Items, image, unique


def image_of(stack: Stack, repository: str | None, tag: str | None, registry: str | None = None) -> str | None:
    """The image of a repository and a tag or digest; None without a repository."""
    own = f"{registry.rstrip('/')}/{repository}" if registry and repository and not names_registry(repository) else None
    return pulled(stack, image(own or repository, tag))


def pulled(stack: Stack, reference: str | None) -> str | None:
    """A reference as it is pulled: from the registry of all images, where the values name one."""
    registry = (stack.global_images.image_registry or "").rstrip("/")
    if not registry or not reference or reference.startswith(f"{registry}/"):
        return reference
    path = reference.partition("/")[2] if names_registry(reference) else reference
    return f"{registry}/{path}"


def names_registry(reference: str) -> bool:
    """Whether a reference begins with a registry's host: its first part has a dot or a port, or is `localhost`
    (distribution/reference, ParseNormalizedNamed)."""
    first, slash, _ = reference.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def pull_secrets(stack: Stack, own: Iterable[Mapping[str, Any]] | None) -> Items | None:
    """A pod's imagePullSecrets: its own, then those of all components, each name once."""
    return unique([*(own or []), *(stack.global_images.image_pull_secrets or [])], "name")
