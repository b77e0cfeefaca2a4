"""overlays/<env>/REQUIREMENTS.md: what the cluster must have, and the steps of models that were renamed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from jinja2 import Environment, StrictUndefined, Template
from msgspec import Struct

from llmstack.kubernetes.access_modes import mounts_on_one_node
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import names
from llmstack.objects.engine_storage import claim_modes, claim_name
from llmstack.objects.external_secrets import remote_entry, remote_reference
from llmstack.objects.placed import Object, Placed
from llmstack.objects.secret_references import SecretReference, secret_references
from llmstack.tree.flux import BOOTSTRAP_SECRET, DECRYPTION_SECRET
from llmstack.tree.requirements import requirements
from llmstack.tree.requirements_text import PAGE
from llmstack.tree.secrets import BACKENDS, Manifest


class SecretRow(Struct, frozen=True):
    """One Secret: its keys and readers as the table shows them, and the commands that make it."""

    name: str
    keys: str
    readers: str
    state: str
    commands: tuple[str, ...] = ()


class Move(Struct, frozen=True):
    """A model that was renamed: its names, its claim (None: it has none of its own), what the old name leaves."""

    name: str
    former: str
    claim: str | None
    exclusive: bool
    load_time: str | None
    leaves: tuple[str, ...]


def requirements_page(
    environment: str,
    stack: Stack,
    objects: Sequence[Placed],
    found: Iterable[Manifest],
    sync_objects: Iterable[Object],
    header: str,
) -> str:
    """The page as text. `found` are the encrypted manifests, `sync_objects` what clusters/ holds."""
    brought = {manifest.name: manifest.keys for manifest in found}
    references = secret_references(objects)
    page: str = _template().render(
        environment=environment,
        gitops=stack.gitops,
        needs=requirements(objects, sync_objects),
        secrets=[_secret_row(environment, stack, each, brought.get(each.name, frozenset())) for each in references],
        flux_secret=BOOTSTRAP_SECRET,
        age_secret=DECRYPTION_SECRET,
        moves=[_move(stack, model) for model in stack.models if model.gitops.moved_from],
    )
    return f"<!-- {header.removeprefix('# ').rstrip()} -->\n{page}"


@cache
def _template() -> Template:
    """The page with its holes: to make it of its text takes longer than to fill it."""
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(PAGE)


def _secret_row(environment: str, stack: Stack, reference: SecretReference, brought: frozenset[str]) -> SecretRow:
    keys = ", ".join(f"`{_cell(key)}`" for key in reference.keys) or "all that are to be variables"
    readers = ", ".join(f"`{reader}`" for reader in reference.readers)
    backend = stack.gitops.secrets.backend
    if reference.certificate:
        command = f"kubectl -n {stack.gitops.namespace} create secret tls {reference.name} --cert=FILE --key=FILE"
        return SecretRow(reference.name, keys, readers, "made by cert-manager, or by hand", (command,))
    if backend == "external-secrets":
        return SecretRow(reference.name, keys, readers, _remote(stack, reference))
    if backend in BACKENDS:
        missing = [key for key in reference.keys if key not in brought]
        if not reference.keys and not brought:
            missing = ["KEY"]
        state = "to be encrypted" if missing else "encrypted in secrets/"
        commands = tuple(f"llmstack secret set {environment} {reference.name} {key}" for key in missing)
        return SecretRow(reference.name, keys, readers, state, commands)
    return SecretRow(reference.name, keys, readers, "made by hand", (_create(stack, reference),))


def _remote(stack: Stack, reference: SecretReference) -> str:
    """Where the store has the values, as a cell of a table."""
    secrets = stack.gitops.secrets
    places = [remote_reference(secrets, reference.name, key) for key in reference.keys]
    shown = [f"`{each['key']}`" + (f" property `{each['property']}`" if "property" in each else "") for each in places]
    return f"from `{secrets.store}`: " + (", ".join(shown) or f"`{remote_entry(secrets, reference.name)}`")


def _create(stack: Stack, reference: SecretReference) -> str:
    """The command that makes a Secret from files, so that no value is in a shell's history."""
    kind = "" if reference.type == "Opaque" else f" --type={reference.type}"
    files = "".join(f" --from-file={key}=FILE" for key in reference.keys)
    values = files or " --from-env-file=FILE"
    return f"kubectl -n {stack.gitops.namespace} create secret generic {reference.name}{kind}{values}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _move(stack: Stack, model: Model) -> Move:
    former = model.gitops.moved_from or ""
    own = bool(model.pvc_storage and not model.pvc_existing_claim_name)
    workload = (
        f"raycluster/{names.ray_cluster(stack, former)}"
        if model.uses_ray
        else f"leaderworkerset/{names.leader_worker_set(stack, former)}"
        if model.uses_lws
        else f"deployment/{names.engine_deployment(stack, former)}"
    )
    return Move(
        model.name or "",
        former,
        claim_name(stack, model) if own else None,
        mounts_on_one_node(claim_modes(model)),
        model.gitops.load_time,
        (workload, f"service/{names.engine_service(stack, former)}"),
    )
