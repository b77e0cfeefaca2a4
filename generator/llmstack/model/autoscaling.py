"""`modelSpec[].keda` and `routerSpec.autoscaling`: who owns the number of replicas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from llmstack.model.switch import SectionSwitch
from llmstack.model.types import Count, Positive, Section, Text


class Fallback(Section):
    """What KEDA does when the metrics cannot be had."""

    failure_threshold: Positive | None = Field(None, description="Failures in a row before the fallback.")
    replicas: Count | None = Field(None, description="Replicas in the fallback.")


class HpaConfig(Section):
    """The HorizontalPodAutoscaler that KEDA makes."""

    name: Text | None = Field(None, description="Its name; `{scaled-object-name}` in it is replaced.")
    behavior: dict[str, Any] | None = Field(None, description="Scaling behaviour, as autoscaling/v2 has it.")


class ScalingModifiers(Section):
    """One metric composed of several triggers."""

    target: Text | None = Field(None, description="Target of the composed metric.")
    activation_target: Text | None = Field(None, description="Value that wakes the scaler from zero.")
    metric_type: Literal["AverageValue", "Value", ""] | None = Field(None, description="How the target is read.")
    formula: Text | None = Field(None, description="The formula over the triggers' names.")


class Advanced(Section):
    """KEDA's advanced section."""

    restore_to_original_replica_count: bool | None = Field(
        None, description="Restore the replicas when the scaler is removed."
    )
    horizontal_pod_autoscaler_config: HpaConfig | None = Field(None, description="The HorizontalPodAutoscaler.")
    scaling_modifiers: ScalingModifiers | None = Field(None, description="Composed metric.")


Trigger = dict[str, Text | bool | dict[str, Text]]
"""A trigger of KEDA. Its `metadata` is text throughout: the API refuses `threshold: 5` (keda.sh, ScaledObject:
`metadata` is a map of strings)."""


class Keda(Section):
    """A ScaledObject for one model. It owns `replicas`."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(
        False, description="Write the ScaledObject; needs KEDA in the cluster."
    )
    min_replica_count: Count | None = Field(
        None, description="Fewest replicas; 0, also KEDA's default, scales to zero."
    )
    max_replica_count: Positive | None = Field(None, description="Most replicas; KEDA's default is 100.")
    polling_interval: Positive | None = Field(
        None, description="Seconds between two looks at the metrics; KEDA's default is 30."
    )
    cooldown_period: Count | None = Field(None, description="Seconds before scaling to zero; KEDA's default is 300.")
    idle_replica_count: Count | None = Field(
        None, description="Replicas when no trigger is active; less than minReplicaCount."
    )
    initial_cooldown_period: Count | None = Field(None, description="Seconds after creation before scaling to zero.")
    fallback: Fallback | None = Field(None, description="What to do when the metrics cannot be had.")
    triggers: list[Trigger] | Trigger | None = Field(
        None,
        description="KEDA triggers: a list, or one; unset: waiting requests of this model, from Prometheus.",
    )
    advanced: Advanced | None = Field(None, description="KEDA's advanced section.")


class Autoscaling(Section):
    """A HorizontalPodAutoscaler for the router. It owns `replicas`."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(False, description="Write the HorizontalPodAutoscaler.")
    min_replicas: Positive | None = Field(1, description="Fewest replicas.")
    max_replicas: Positive | None = Field(3, description="Most replicas.")
    target_cpu_utilization_percentage: Positive | None = Field(
        80,
        alias="targetCPUUtilizationPercentage",
        description="CPU use to aim at, in percent of the request.",
    )
