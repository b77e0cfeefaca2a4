"""The Pod Security Standards, field by field.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ as of Kubernetes 1.34; the controls are
those of k8s.io/pod-security-admission, policy/check_*.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.finding import Route
from llmstack.kubernetes.pods import Object, containers, value_at
from llmstack.kubernetes.untyped import mapping, sequence

ENFORCE = "pod-security.kubernetes.io/enforce"
"""The label by which a namespace says which level it enforces."""
LEVELS = ("restricted", "baseline", "privileged")
"""The levels, from what lets in the fewest pods."""

CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)
"""What a baseline container may add."""

SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    )
)

VOLUMES = frozenset(
    (
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    )
)
"""Volumes of a restricted pod."""

_SELINUX = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
_PROFILES = ("RuntimeDefault", "Localhost")


class Breach(Struct, frozen=True):
    """A field of a pod spec beyond a level: where it is, what it is, and what to do."""

    route: Route
    what: str
    level: str
    help: str


def enforced_level(namespace: Object) -> str:
    """Return the level that a namespace enforces; without a label, or with another word, it lets in all pods."""
    level = value_at(namespace, "metadata", "labels", ENFORCE)
    return level if level in LEVELS else LEVELS[-1]


def breaches(spec: dict[str, Any], *, restricted: bool) -> Iterator[Breach]:
    """Yield what of a pod spec is beyond baseline, or beyond restricted too."""
    yield from _baseline_pod(spec)
    pod = mapping(spec.get("securityContext"))
    for kind, number, container in containers(spec):
        route: Route = (kind, number)
        yield from _baseline_container(route, container)
        if restricted:
            yield from _restricted_container(route, container, pod)
    if restricted:
        yield from _restricted_pod(spec, pod)


def annotated(template: Object) -> Iterator[Breach]:
    """Yield what the annotations of a pod, or of a template, are beyond baseline: AppArmor's of before Kubernetes 1.30,
    which the API server still reads (k8s.io/pod-security-admission, policy/check_appArmorProfile.go)."""
    annotations = mapping(mapping(template.get("metadata")).get("annotations"))
    for key, value in annotations.items():
        is_allowed = value in ("", "runtime/default") or str(value).startswith("localhost/")
        if str(key).startswith(_APP_ARMOR) and not is_allowed:
            yield Breach(("metadata", "annotations"), f"`{key}: {value}`", "baseline", "remove it")


_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def _baseline_pod(spec: dict[str, Any]) -> Iterator[Breach]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield Breach((key,), f"`{key}: true`", "baseline", "remove it")
    for number, volume in enumerate(sequence(spec.get("volumes"))):
        if mapping(volume).get("hostPath") is not None:
            yield Breach(("volumes", number), f"the hostPath volume `{volume.get('name')}`", "baseline", "use a claim")
    context = mapping(spec.get("securityContext"))
    yield from _sandbox(("securityContext",), context)
    for number, sysctl in enumerate(sequence(context.get("sysctls"))):
        if str(mapping(sysctl).get("name")) not in SYSCTLS:
            yield Breach(
                ("securityContext", "sysctls", number),
                f"the sysctl `{mapping(sysctl).get('name')}`",
                "baseline",
                "remove it",
            )


def _sandbox(route: Route, context: Mapping[str, Any]) -> Iterator[Breach]:
    """Fields that pod and container security contexts share."""
    if mapping(context.get("seccompProfile")).get("type") == "Unconfined":
        yield Breach((*route, "seccompProfile"), "`seccompProfile.type: Unconfined`", "baseline", "use RuntimeDefault")
    if mapping(context.get("appArmorProfile")).get("type") == "Unconfined":
        yield Breach(
            (*route, "appArmorProfile"),
            "`appArmorProfile.type: Unconfined`",
            "baseline",
            "use RuntimeDefault",
        )
    options = mapping(context.get("seLinuxOptions"))
    if str(options.get("type") or "") not in _SELINUX or options.get("user") or options.get("role"):
        yield Breach(
            (*route, "seLinuxOptions"),
            "`seLinuxOptions` with a user, a role or a type of its own",
            "baseline",
            "remove them",
        )
    if mapping(context.get("windowsOptions")).get("hostProcess"):
        yield Breach((*route, "windowsOptions"), "`windowsOptions.hostProcess: true`", "baseline", "remove it")


def _baseline_container(at: Route, container: dict[str, Any]) -> Iterator[Breach]:
    context = mapping(container.get("securityContext"))
    route = (*at, "securityContext")
    if context.get("privileged"):
        yield Breach((*route, "privileged"), "`privileged: true`", "baseline", "remove it")
    for name in sequence(mapping(context.get("capabilities")).get("add")):
        if str(name) not in CAPABILITIES:
            yield Breach(
                (*route, "capabilities", "add"),
                f"the capability `{name}`",
                "baseline",
                "remove it, or set gitops.podSecurity: privileged",
            )
    if context.get("procMount") not in (None, "Default"):
        yield Breach((*route, "procMount"), f"`procMount: {context['procMount']}`", "baseline", "remove it")
    yield from _sandbox(route, context)
    for number, port in enumerate(sequence(container.get("ports"))):
        if mapping(port).get("hostPort"):
            yield Breach(
                (*at, "ports", number, "hostPort"),
                f"`hostPort: {port['hostPort']}`",
                "baseline",
                "use a Service",
            )
    yield from _hosts(at, container)


def _hosts(at: Route, container: dict[str, Any]) -> Iterator[Breach]:
    """Probes and hooks that go to another host than the pod (since Kubernetes 1.34)."""
    for key in ("startupProbe", "livenessProbe", "readinessProbe"):
        for handler in ("httpGet", "tcpSocket"):
            if mapping(mapping(container.get(key)).get(handler)).get("host"):
                yield Breach(
                    (*at, key, handler, "host"),
                    f"`{key}.{handler}.host`",
                    "baseline",
                    "leave it out: the pod's own address is probed",
                )
    for hook in ("postStart", "preStop"):
        action = mapping(mapping(container.get("lifecycle")).get(hook))
        for handler in ("httpGet", "tcpSocket"):
            if mapping(action.get(handler)).get("host"):
                what = f"`lifecycle.{hook}.{handler}.host`"
                yield Breach((*at, "lifecycle", hook, handler, "host"), what, "baseline", "leave it out")


def _restricted_container(at: Route, container: dict[str, Any], pod: Mapping[str, Any]) -> Iterator[Breach]:
    context = mapping(container.get("securityContext"))
    route = (*at, "securityContext")
    name = container.get("name")
    if context.get("allowPrivilegeEscalation") is not False:
        yield Breach(
            (*route, "allowPrivilegeEscalation"),
            f"container `{name}` without `allowPrivilegeEscalation: false`",
            "restricted",
            "add it",
        )
    capabilities = mapping(context.get("capabilities"))
    if "ALL" not in sequence(capabilities.get("drop")):
        yield Breach(
            (*route, "capabilities", "drop"),
            f"container `{name}` without `capabilities: {{drop: [ALL]}}`",
            "restricted",
            "add it",
        )
    for added in sequence(capabilities.get("add")):
        if str(added) in CAPABILITIES and added != "NET_BIND_SERVICE":
            yield Breach((*route, "capabilities", "add"), f"the capability `{added}`", "restricted", "remove it")
    non_root = context.get("runAsNonRoot")
    if non_root is False or (non_root is None and pod.get("runAsNonRoot") is not True):
        yield Breach(
            (*route, "runAsNonRoot"),
            f"container `{name}` without `runAsNonRoot: true`",
            "restricted",
            "set it",
        )
    if context.get("runAsUser") == 0:
        yield Breach((*route, "runAsUser"), f"container `{name}` with `runAsUser: 0`", "restricted", "use another user")
    profile = mapping(context.get("seccompProfile")).get("type")
    if profile is None and mapping(pod.get("seccompProfile")).get("type") not in _PROFILES:
        yield Breach(
            (*route, "seccompProfile"),
            f"container `{name}` without a seccompProfile",
            "restricted",
            "set `seccompProfile: {type: RuntimeDefault}`",
        )


def _restricted_pod(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[Breach]:
    if pod.get("runAsUser") == 0:
        yield Breach(("securityContext", "runAsUser"), "`runAsUser: 0`", "restricted", "use another user")
    for number, volume in enumerate(sequence(spec.get("volumes"))):
        for source in set(mapping(volume)) - VOLUMES - {"name", "hostPath"}:
            yield Breach(("volumes", number), f"a volume of the kind `{source}`", "restricted", "use a claim")
