"""The tree on disk, validated: what its values say, what kustomize builds of each unit, and kubeconform on that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from llmstack import programs, schemas
from llmstack.finding import Finding, Place, Severity, show_route, sort_findings
from llmstack.programs import Found
from llmstack.progress import Step, ignore
from llmstack.repository.copied import copied
from llmstack.repository.custom import check_custom
from llmstack.repository.environments import Environment
from llmstack.repository.expected import stale_tree
from llmstack.repository.followed import built_folders, follow_units
from llmstack.repository.generation import generate
from llmstack.repository.project import Project
from llmstack.repository.read import Reading
from llmstack.repository.unit_builds import Copy, as_applied, load_built
from llmstack.repository.written_secrets import find_written_secrets
from llmstack.secrecy.places import plaintext_in_objects

_ERROR = Severity.ERROR


class Validation(Struct, frozen=True):
    """What was found, in how many objects of how many units, and with which versions of `programs.BUILT`."""

    findings: list[Finding]
    objects: int = 0
    units: int = 0
    versions: tuple[str, ...] = ()


def validate(
    project: Project,
    environments: Sequence[Environment],
    tool_folder: Path | None,
    *,
    units: Mapping[str, Collection[str]] | None = None,
    step: Step = ignore,
) -> Validation:
    """Lint the values, compare them with the tree, build every unit and validate what comes out.

    Nothing is built where a unit refers to what a build must not read. `units` are those to build, by environment; all
    of them for None. `step` is told how far the builds are. Raises ToolError when a program is missing.
    """
    asked = {environment.name for environment in environments}
    generation = generate(project, sorted(asked), filters=False)
    findings = list(generation.findings)
    if generation.plan is not None and not generation.plan.is_empty:
        findings.append(stale_tree(generation.plan.paths))
    is_current = generation.plan is not None and generation.plan.is_empty
    reached = follow_units(project.disk, sorted(asked))
    tools: tuple[Found, ...] = ()
    objects = built = 0
    with copied(reached) as root:
        copy = Copy(root, len(reached.files), is_current, step)
        for reading in generation.readings if not reached.findings else ():
            name, stack = reading.environment.name, reading.stack
            if stack is None or name not in asked or stack.gitops.kubernetes_version not in schemas.KUBERNETES_VERSIONS:
                continue
            folders = built_folders(project.disk, name)
            if units is not None:
                folders = {unit: folder for unit, folder in folders.items() if unit in units.get(name, ())}
            if units is None or folders:
                tools = tools or tuple(programs.look_up(tool, tool_folder) for tool in programs.BUILT)
                found, count = _validate_units(reading, copy, folders, [tool.path for tool in tools])
                findings += found
                objects, built = objects + count, built + len(folders)
    told = {finding.place.path for finding in findings if finding.id == "plaintext-secret" and finding.place}
    findings += find_written_secrets(project.disk, told)
    ordered = sort_findings([*findings, *reached.findings])
    return Validation(ordered, objects, built, tuple(tool.version for tool in tools))


def _validate_units(
    reading: Reading, copy: Copy, folders: Mapping[str, str], tools: Sequence[Path]
) -> tuple[list[Finding], int]:
    """What kustomize, kubeconform and the checks say of an environment's units, and of how many objects."""
    assert reading.stack is not None
    if not folders:
        top = f"overlays/{reading.environment.name}"
        return [Finding("not-generated", _ERROR, f"{top} has no units", place=Place(top), help="run `llmstack gen`")], 0
    gitops = reading.stack.gitops
    version, allowed = gitops.kubernetes_version, frozenset(gitops.allow_unknown_kinds or ())
    kustomize, kubeconform = tools
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    for folder, output in copy.build(kustomize, folders.values()).items():
        try:
            texts[folder] = as_applied(output)
        except programs.ToolError as error:
            help = "run `llmstack gen`, or correct the overlay in custom/"
            place = Place(f"{folder}/kustomization.yaml")
            findings.append(Finding("build-failed", _ERROR, str(error), place=place, help=help))
    verdicts = programs.kubeconform_texts(
        kubeconform, texts, schema_locations=schemas.locations(), kubernetes_version=schemas.full_version(version)
    )
    for verdict in verdicts:
        findings += _verdict_findings(verdict, version, allowed)
    for unit, folder in folders.items():
        if folder.startswith("custom/") and folder in texts:
            objects = load_built(texts[folder])
            findings += _secret_findings(folder, objects)
            findings += check_custom(reading, unit, folder, objects)
    return findings, len(verdicts)


def _secret_findings(folder: str, objects: Sequence[object]) -> Iterator[Finding]:
    """Yield the secrets in plain text of what an overlay of people's own builds: what we generate holds none."""
    for index, place in plaintext_in_objects(objects):
        item = objects[index]
        assert isinstance(item, dict)
        metadata = item.get("metadata")
        name = f"{item.get('kind')}/{metadata.get('name') if isinstance(metadata, dict) else ''}"
        help = "let gitops.secrets bring it, or write it encrypted: `llmstack secret set`"
        message = f"{name}: {show_route(place.route)} is a secret in plain text"
        where = Place(f"{folder}/kustomization.yaml")
        yield Finding("plaintext-secret", _ERROR, message, place=where, help=help, secret=True)


def _verdict_findings(verdict: programs.Verdict, version: str, allowed: Collection[str]) -> Iterator[Finding]:
    place, name = Place(f"{verdict.source}/kustomization.yaml"), f"{verdict.kind}/{verdict.name}"
    if verdict.status == "no-schema":
        if verdict.kind not in allowed:
            help = f"list it in gitops.allowUnknownKinds: [{verdict.kind}] to let it pass without a check"
            yield Finding(
                "no-schema",
                _ERROR,
                f"{name}: there is no schema for {verdict.api_version} {verdict.kind}",
                place=place,
                help=help,
            )
    elif verdict.status == "invalid":
        help = f"the schema is that of Kubernetes {version}; gitops.kubernetesVersion chooses it"
        for path, message in _failures(verdict):
            where = path.strip("/").replace("/", ".")
            yield Finding(
                "invalid-object",
                _ERROR,
                f"{name}: {where + ': ' if where else ''}{message}",
                place=place,
                help=help,
            )
    elif verdict.status != "valid":
        yield Finding(
            "invalid-object",
            _ERROR,
            f"{name or 'an object'}: {verdict.message or verdict.status}",
            place=place,
        )


def _failures(verdict: programs.Verdict) -> Sequence[tuple[str, str]]:
    """(path, message) of what is wrong with an object.

    kubeconform lists the outermost failures only (`/spec`: validation failed); its message has a line for each at its
    place, `- at '/spec/replicas': got string, want null or integer`.
    """
    lines = re.findall(r"- at '([^']*)': (.+)", verdict.message)
    return [line for line in lines if line[1] != "validation failed"] or verdict.errors or [("", verdict.message)]
