"""`global`: what packagings of the chart, and its main, say of the images of all components."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from llmstack.model.blocks import LocalObjectReferences
from llmstack.model.types import Section, Text


def _named(value: Any) -> Any:
    """`[pull]` is `[{name: pull}]`: packagings have both."""
    return [{"name": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value


class GlobalImages(Section):
    """Where all images come from. Helm shows `global` to every chart: keys of others are left out, with a warning."""

    image_registry: Text | None = Field(
        None, description="Registry of every image, in the place of the one that a repository names; empty: unset."
    )
    image_pull_secrets: Annotated[LocalObjectReferences | None, BeforeValidator(_named)] = Field(
        None, description="Secrets with credentials for it, for the pods of every component."
    )
