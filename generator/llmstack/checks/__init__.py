"""Checks on values and objects: one file per rule, and the table of all of them.

A rule yields findings with a route into the values; the place, the severity a user asked for, and
`# llmstack: ignore[id] reason` comments are applied here, for all rules alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import ModuleType

from llmstack.checks.rules import (
    abbreviated_flag,
    argo_sops,
    bad_flag_value,
    bad_label,
    bad_name,
    bad_negation,
    claim_size,
    dangling_reference,
    dead_key,
    disaggregated_prefill,
    duplicate_env,
    duplicate_flag,
    duplicate_model,
    engine_memory,
    env_collision,
    fractional_gpu,
    helm_template,
    host_path,
    ignored_key,
    indivisible_size,
    kubernetes_block,
    kv_aware,
    length_over_model,
    lora_base_model,
    missing_key,
    moved_from,
    mutable_tag,
    offload_memory,
    parallel_size_gpus,
    plaintext_secret,
    pod_security,
    port_clash,
    probe_port,
    removed_flag,
    request_over_limit,
    reserved_annotation,
    resource_quota,
    router_without_engines,
    secrets_backend,
    selector_mismatch,
    session_key,
    shared_claim_mode,
    start_up_budget,
    static_backends,
    sync_settings,
    unknown_architecture,
    unknown_backend,
    unknown_check,
    unknown_flag,
    unknown_kubernetes_version,
    unknown_pool,
    unknown_service,
    unknown_variable,
    unknown_vllm_version,
    unsupported_type,
)
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity
from llmstack.secrecy.words import line_holds_secret
from llmstack.values.layers import Layers
from llmstack.values.source import Source

CHECKS: dict[str, ModuleType] = {
    module.ID: module
    for module in (
        missing_key,
        bad_name,
        duplicate_model,
        kubernetes_block,
        unknown_kubernetes_version,
        plaintext_secret,
        dangling_reference,
        mutable_tag,
        parallel_size_gpus,
        fractional_gpu,
        request_over_limit,
        resource_quota,
        shared_claim_mode,
        start_up_budget,
        unknown_flag,
        removed_flag,
        bad_flag_value,
        bad_negation,
        abbreviated_flag,
        duplicate_flag,
        unknown_variable,
        unknown_vllm_version,
        duplicate_env,
        router_without_engines,
        static_backends,
        session_key,
        port_clash,
        probe_port,
        unknown_service,
        disaggregated_prefill,
        kv_aware,
        lora_base_model,
        indivisible_size,
        length_over_model,
        unknown_architecture,
        unsupported_type,
        unknown_backend,
        engine_memory,
        claim_size,
        offload_memory,
        helm_template,
        selector_mismatch,
        bad_label,
        reserved_annotation,
        host_path,
        pod_security,
        dead_key,
        ignored_key,
        env_collision,
        sync_settings,
        secrets_backend,
        argo_sops,
        unknown_pool,
        unknown_check,
        moved_from,
    )
}
"""Every rule by its id. A rule is a module with ID, SEVERITY (MILDER too, where it has a milder form), a
docstring that is its page, and `run(subject)`. NEEDS_OBJECTS is true where it looks at the objects, which
can only be built from values whose raw blocks are sound."""

FOUNDATIONS = frozenset(("missing-key", "kubernetes-block", "unknown-kubernetes-version"))
"""Checks that nothing is built without: their level cannot be changed, nor can their findings be ignored."""

ALWAYS = FOUNDATIONS | {"plaintext-secret"}
"""Checks that `gitops.checks` cannot change. That a line holds no secret is said in that line."""

_IGNORE = re.compile(r"#\s*llmstack:\s*ignore\[([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\][ \t]*(\S.*)?")


def run_checks(subject: Subject) -> Iterator[Finding]:
    """Yield the findings of all rules on one environment.

    Rules that look at objects are left out while there is an error in what objects are built from.
    """
    sound = True
    for module in CHECKS.values():
        if not getattr(module, "NEEDS_OBJECTS", False):
            for finding in module.run(subject):
                sound &= finding.id not in FOUNDATIONS
                yield finding
    if sound:
        for module in CHECKS.values():
            if getattr(module, "NEEDS_OBJECTS", False):
                yield from module.run(subject)


def settle(findings: Iterable[Finding], layers: Layers, levels: dict[str, str]) -> Iterator[Finding]:
    """Yield the findings that stand: placed, at the severity that `gitops.checks` gives them, ignored ones
    left out.

    Errors of reading (a file that cannot be understood) cannot be turned off.
    """
    sources = {layer.source.path: layer.source for layer in layers.layers}
    stood: list[Finding] = []
    for finding in findings:
        placed = finding if finding.place or finding.route is None else finding.at(layers.place(finding.route))
        level = levels.get(finding.id) if finding.id in CHECKS and finding.id not in ALWAYS else None
        if level == "off":
            continue
        reason = _ignored(placed, sources) if finding.id in CHECKS and finding.id not in FOUNDATIONS else None
        if reason:
            continue
        if reason == "":
            help = f"`# llmstack: ignore[{finding.id}]` wants a reason after it" + (
                f"; {placed.help}" if placed.help else ""
            )
            placed = replace(placed, help=help)
        stood.append(replace(placed, severity=Severity(level)) if level else placed)
    yield from _hide_secrets(stood)


def _hide_secrets(findings: list[Finding]) -> Iterator[Finding]:
    """Mark every finding on a line that holds a secret, whatever it is about: reports leave the text out."""
    lines = {(f.place.path, f.place.line) for f in findings if f.id == plaintext_secret.ID and f.place is not None}
    for finding in findings:
        place = finding.place
        if place is None or finding.secret or not place.source_line:
            yield finding
        else:
            holds = (place.path, place.line) in lines or line_holds_secret(place.source_line)
            yield replace(finding, secret=True) if holds else finding


def _ignored(finding: Finding, sources: dict[str, Source]) -> str | None:
    """The reason that the finding's line, or a comment line right above it, gives to ignore it.

    None where nothing says so, empty where the reason is missing.
    """
    place = finding.place
    source = sources.get(place.path) if place is not None else None
    if place is None or source is None or "llmstack:" not in source.text:
        return None
    above = source.lines[place.line - 2] if 2 <= place.line <= len(source.lines) + 1 else ""
    own = source.lines[place.line - 1] if place.line <= len(source.lines) else ""
    for line in (own, above if above.lstrip().startswith("#") else ""):
        for match in _IGNORE.finditer(line):
            if finding.id in (id.strip() for id in match.group(1).split(",")):
                return (match.group(2) or "").strip()
    return None
