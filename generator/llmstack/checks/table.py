"""The table of all rules, in the order in which they run, and what their declarations say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from llmstack.checks.rule import Rule, find
from llmstack.checks.rules import (
    abbreviated_flag,
    argo_sops,
    bad_flag_value,
    bad_host,
    bad_image,
    bad_label,
    bad_model,
    bad_name,
    bad_negation,
    claim_size,
    dangling_reference,
    dead_key,
    dead_trigger,
    disaggregated_prefill,
    dropped_arguments,
    duplicate_env,
    duplicate_flag,
    duplicate_model,
    engine_memory,
    env_collision,
    facts_differ,
    fractional_gpu,
    grace_too_short,
    helm_template,
    host_path,
    ignored_key,
    indivisible_size,
    keda_never_wakes,
    kubernetes_block,
    kv_aware,
    length_over_model,
    lora_base_model,
    missing_key,
    moved_from,
    mutable_tag,
    no_writable_home,
    offload_memory,
    offload_size,
    parallel_size_gpus,
    plaintext_secret,
    pod_security,
    port_clash,
    probe_port,
    refused_flags,
    refused_object,
    refused_variable,
    removed_flag,
    request_over_limit,
    reserved_annotation,
    resource_quota,
    route_timeouts,
    router_arguments,
    router_elsewhere,
    router_without_engines,
    routing_logic,
    scaler_bounds,
    secrets_backend,
    selector_mismatch,
    session_key,
    shared_claim_mode,
    small_shm,
    start_up_budget,
    static_backends,
    sync_settings,
    unknown_architecture,
    unknown_backend,
    unknown_card,
    unknown_check,
    unknown_claim,
    unknown_flag,
    unknown_kubernetes_version,
    unknown_pool,
    unknown_service,
    unknown_variable,
    unknown_vllm_version,
    unpinned_model,
    unsupported_feature,
    unsupported_type,
)
from llmstack.checks.subject import Subject
from llmstack.finding import Finding

RULES: tuple[Rule, ...] = (
    missing_key,
    bad_name,
    duplicate_model,
    kubernetes_block,
    unknown_kubernetes_version,
    plaintext_secret,
    dangling_reference,
    bad_image,
    bad_model,
    mutable_tag,
    unpinned_model,
    facts_differ,
    parallel_size_gpus,
    fractional_gpu,
    request_over_limit,
    unknown_claim,
    offload_size,
    small_shm,
    resource_quota,
    shared_claim_mode,
    start_up_budget,
    grace_too_short,
    unknown_flag,
    refused_flags,
    refused_variable,
    removed_flag,
    bad_flag_value,
    bad_negation,
    abbreviated_flag,
    duplicate_flag,
    dropped_arguments,
    unknown_variable,
    unknown_vllm_version,
    duplicate_env,
    router_without_engines,
    router_elsewhere,
    static_backends,
    routing_logic,
    session_key,
    router_arguments,
    port_clash,
    probe_port,
    unknown_service,
    disaggregated_prefill,
    kv_aware,
    lora_base_model,
    keda_never_wakes,
    scaler_bounds,
    bad_host,
    route_timeouts,
    indivisible_size,
    length_over_model,
    unknown_architecture,
    unsupported_feature,
    unsupported_type,
    unknown_backend,
    engine_memory,
    claim_size,
    offload_memory,
    helm_template,
    selector_mismatch,
    refused_object,
    bad_label,
    reserved_annotation,
    host_path,
    no_writable_home,
    pod_security,
    dead_key,
    dead_trigger,
    ignored_key,
    env_collision,
    sync_settings,
    secrets_backend,
    argo_sops,
    unknown_pool,
    unknown_card,
    unknown_check,
    moved_from,
)
"""Every file of checks/rules/; mypy refuses a module that is no `Rule`."""

CHECKS: Mapping[str, Rule] = {rule.RULE.id: rule for rule in RULES}
"""Every rule by its id."""

FOUNDATIONS = frozenset(rule.RULE.id for rule in RULES if rule.RULE.foundation)
"""Checks that nothing is built without: their level cannot be changed, nor can their findings be ignored."""

ALWAYS = frozenset(rule.RULE.id for rule in RULES if rule.RULE.foundation or rule.RULE.fixed)
"""Checks that `gitops.checks` cannot change."""

ALONE = frozenset(rule.RULE.id for rule in RULES if rule.RULE.alone)
"""Checks that look at one value at a time: what they say does not depend on any other."""

WHOLE = frozenset(rule.RULE.id for rule in RULES if rule.RULE.whole)
"""Checks that judge a model by all of its keys together."""


def run_checks(subject: Subject) -> Iterator[Finding]:
    """Yield the findings of all rules on one environment.

    Rules that look at objects are left out while there is an error in what objects are built from.
    """
    founded = list(check_foundations(subject))
    yield from founded
    yield from check_values(subject)
    if not founded:
        yield from check_objects(subject)


def check_foundations(subject: Subject) -> Iterator[Finding]:
    """Yield what keeps objects from being built; nothing of other environments or of the cluster bears on it."""
    return _run((rule for rule in RULES if rule.RULE.foundation), subject)


def check_values(subject: Subject) -> Iterator[Finding]:
    """Yield what else there is to say of the values alone."""
    return _run((rule for rule in RULES if not rule.RULE.foundation and not rule.RULE.needs_objects), subject)


def check_objects(subject: Subject) -> Iterator[Finding]:
    """Yield what there is to say of the objects, which can be built where the foundations are sound."""
    return _run((rule for rule in RULES if rule.RULE.needs_objects), subject)


def _run(rules: Iterable[Rule], subject: Subject) -> Iterator[Finding]:
    for rule in rules:
        yield from find(rule, subject)
