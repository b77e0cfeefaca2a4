"""`validate`: real kustomize builds of the units as they are on disk, and kubeconform on what comes out."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from llmstack import programs, schemas, yamlio
from llmstack.finding import Finding, Place, Severity, show_route
from llmstack.progress import Step, ignore
from llmstack.repository.project import Project
from llmstack.secrecy.places import plaintext_in_objects
from llmstack.tree.secrets import without_sops

_ERROR = Severity.ERROR


def stale_tree(paths: Sequence[str]) -> Finding:
    """The finding on generated files that are not what the values say: the first by path, and how many."""
    first = min(paths)
    rest = f", nor are {len(paths) - 1} others" if len(paths) > 2 else ", nor is one other" if len(paths) == 2 else ""
    message = f"this file is not what the values say{rest}"
    help = "run `llmstack gen` and commit what it writes"
    return Finding("stale-tree", Severity.WARNING, message, place=Place(first), help=help)


def unit_folders(project: Project, environment: str) -> dict[str, str]:
    """Folder by unit of one environment; an overlay of people's own under custom/ stands in for the generated one.

    What the sync tool reads comes last, under its own path: clusters/<cluster>/<env>.
    """
    top = project.root / "overlays" / environment
    custom = set(project.custom_units(environment))
    found = {}
    for folder, _, files in os.walk(top):
        unit = Path(folder).relative_to(top).as_posix()
        if "kustomization.yaml" in files and unit not in (".", "engine"):
            found[unit] = f"custom/{environment}/{unit}" if unit in custom else f"overlays/{environment}/{unit}"
    synced = [folder for folder in project.scopes(environment) if folder.startswith("clusters/")]
    clusters = {folder: folder for folder in synced if (project.root / folder / "kustomization.yaml").is_file()}
    return dict(sorted(found.items())) | clusters


def validate_units(
    project: Project,
    environment: str,
    folders: Mapping[str, str],
    *,
    version: str,
    allowed: Collection[str],
    tool_folder: Path | None,
    step: Step = ignore,
) -> Iterator[Finding]:
    """Yield what kustomize and kubeconform say of an environment's units.

    `version` is the Kubernetes version whose schemas hold, `allowed` the kinds that may have none. Raises ToolError
    when a program is missing.
    """
    kustomize = programs.find_tool(programs.KUSTOMIZE, tool_folder)
    kubeconform = programs.find_tool(programs.KUBECONFORM, tool_folder)
    if not folders:
        place = Place(f"overlays/{environment}")
        yield Finding(
            "not-generated",
            _ERROR,
            f"overlays/{environment} has no units",
            place=place,
            help="run `llmstack gen`",
        )
        return
    paths = {project.root / folder: folder for folder in folders.values()}
    texts: dict[str, str] = {}
    for path, output in programs.kustomize_build_all(kustomize, paths, step).items():
        place = Place(f"{paths[path]}/kustomization.yaml")
        if isinstance(output, programs.ToolError):
            yield Finding(
                "build-failed",
                _ERROR,
                _from_root(str(output), project.root),
                place=place,
                help="run `llmstack gen`, or mend the overlay in custom/",
            )
        else:
            texts[paths[path]] = _without_sops(output)
    verdicts = programs.kubeconform_texts(
        kubeconform,
        texts,
        schema_locations=schemas.locations(),
        kubernetes_version=schemas.full_version(version),
    )
    for verdict in verdicts:
        yield from _verdict_findings(verdict, version, allowed)
    for folder, text in texts.items():
        if folder.startswith("custom/"):
            yield from _secret_findings(folder, yamlio.load_all(text))


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


def _without_sops(text: str) -> str:
    """What kustomize built, with Secrets that SOPS encrypted as Kubernetes will get them. All else stays as it is."""
    if "\nsops:" not in text:
        return text
    return "---\n".join(yamlio.dump(without_sops(object)) for object in yamlio.load_all(text))


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


def _from_root(text: str, root: Path) -> str:
    """A program's words with paths as we write them, from the root."""
    return text.replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
