"""`pdb`: a PodDisruptionBudget in the chart's own words."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from llmstack.model.switch import SectionSwitch
from llmstack.model.types import PodShare, Section, StringMap


class DisruptionBudget(Section):
    """How many pods an eviction may take. One of minAvailable and maxUnavailable."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(False, description="Write the PodDisruptionBudget.")
    min_available: PodShare | None = Field(None, description="Pods that stay, a number or a percentage.")
    max_unavailable: PodShare | None = Field(None, description="Pods that may go, a number or a percentage.")
    labels: StringMap | None = Field(None, description="Labels of the PodDisruptionBudget.")
    annotations: StringMap | None = Field(None, description="Annotations of the PodDisruptionBudget.")
