"""How long a pod may take to start, by its probes.

Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes"; defaults of SetDefaults_Probe
(k8s.io/kubernetes, pkg/apis/core/v1/defaults.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.kubernetes.pods import containers, pod_specs
from llmstack.kubernetes.quantities import whole

Probe = Mapping[str, Any]


def seconds_allowed(probe: Probe) -> int:
    """Seconds until a probe that never succeeds gives up: initialDelaySeconds (0) + periodSeconds (10) ×
    failureThreshold (3)."""
    return delay(probe) + period(probe) * (whole(probe.get("failureThreshold"), 0) or 3)


def delay(probe: Probe) -> int:
    """Seconds before a probe runs for the first time."""
    return whole(probe.get("initialDelaySeconds"), 0)


def period(probe: Probe) -> int:
    """Seconds from one run of a probe to the next."""
    return whole(probe.get("periodSeconds"), 0) or 10


def seconds_to_success(probe: Probe) -> int:
    """The fewest seconds until a probe has its successThreshold (1) successes."""
    return delay(probe) + period(probe) * ((whole(probe.get("successThreshold"), 0) or 1) - 1)


def start_up_bounds(pod: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the earliest and latest second at which a pod becomes ready by its probes, None where none says.

    The readiness probe needs its successes, the start-up probe one; the start-up probe, else the liveness
    probe, ends the container when it gives up.
    """
    lows, highs = [0], []
    probed = False
    for container in pod.get("containers") or ():
        readiness, startup = container.get("readinessProbe"), container.get("startupProbe")
        probed = probed or bool(readiness or startup)
        if readiness:
            lows.append(seconds_to_success(readiness))
        if startup:
            lows.append(delay(startup))
        if ends := startup or container.get("livenessProbe"):
            highs.append(seconds_allowed(ends))
    return (max(lows) if probed else None), (max(*highs, *lows) if highs else None)


def startup_probes(object: dict[str, Any]) -> list[Probe]:
    """The start-up probes of all containers of an object's pods."""
    probes = [container.get("startupProbe") for _, spec in pod_specs(object) for _, _, container in containers(spec)]
    return [probe for probe in probes if isinstance(probe, dict)]
