"""What generators make of a repository: the ApplicationSet controller, and `sync/sets.py` and `sync/generators.py`.

Every row is an ApplicationSet over one repository. Where llmstack reads its entries, the controller makes the same
Applications, by name and folder; where llmstack says that only the controller knows, there is nothing to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmstack.sync import argo as reading
from llmstack.sync.git_entries import Tree
from llmstack.sync.manifests import Manifest
from llmstack.tree.argo import API, CLUSTER, NAMESPACE
from tests.argo.applications import PATIENCE, applications
from tests.argo.argocd import Plan
from tests.cluster.git_server import serving
from tests.cluster.kubectl import Kubectl, Object, condition, wait_until
from tests.cluster.repository import Repository

FILES = {
    "overlays/prod/models/llama/kustomization.yaml": "",
    "overlays/prod/models/Qwen_3.x/kustomization.yaml": "",
    "overlays/prod/models/llama/more/x.yaml": "",
    "overlays/prod/models/.hidden/x.yaml": "",
    "overlays/prod/router/kustomization.yaml": "",
    "overlays/dev/models/llama/kustomization.yaml": "",
    "apps/a.yaml": "name: a\ncluster: {url: https-a}\n",
    "apps/more/b.yaml": "- name: b\n- name: c\n",
    "apps/json/d.json": '{"name": "d", "port": 80, "on": true}',
}
LIST = {"list": {"elements": [{"env": "prod"}, {"env": "dev"}]}}
OLD, GO = "{{path}}", "{{ .path.path }}"
"""The folder of an entry, in both languages of templates."""


def folders(*patterns: str, but: tuple[str, ...] = (), **more: Any) -> Object:
    listed = [{"path": each, "exclude": True} for each in but] + [{"path": each} for each in patterns]
    return {"git": {"directories": listed, **more}}


def files(path: str, **more: Any) -> Object:
    return {"git": {"files": [{"path": path}], **more}}


def both(first: Object, second: Object) -> Object:
    return {"matrix": {"generators": [first, second]}}


def merged(*others: Object) -> Object:
    return {"merge": {"mergeKeys": ["env"], "generators": [LIST, {"list": {"elements": list(others)}}]}}


OWN = {
    "metadata": {},
    "spec": {
        "project": "",
        "destination": {},
        "source": {"repoURL": "https://git.example.com/a.git", "path": "own/{{env}}"},
    },
}
"""A template of a generator's own: what it says wins over the set's."""
ROWS: dict[str, tuple[list[Object], str, str]] = {
    "folders": ([folders("overlays/prod/models/*")], "{{path.basenameNormalized}}", OLD),
    "folders-go": ([folders("overlays/prod/models/*")], "{{ .path.basenameNormalized }}", GO),
    "folders-but": ([folders("overlays/prod/*", but=("overlays/prod/models",))], "{{path.basename}}", OLD),
    "folders-but-below": ([folders("overlays/prod/models/*", but=("overlays/prod/*",))], "{{path.basenameNormalized}}", OLD),
    "folders-middle": ([folders("overlays/*/models/llama")], "{{path[1]}}-{{path.basename}}", OLD),
    "folders-middle-go": ([folders("overlays/*/models/llama")], "{{ index .path.segments 1 }}", GO),
    "folders-two": ([folders("overlays/prod/r*", "overlays/dev/*")], "{{path[1]}}-{{path.basename}}", OLD),
    "folders-deep": ([folders("overlays/prod/models/llama/*")], "{{path.basename}}", OLD),
    "folders-letter": ([folders("overlays/prod/r?uter")], "{{path.basename}}", OLD),
    "folders-one": ([folders("overlays/prod/router")], "{{path.basename}}", OLD),
    "folders-values": (
        [folders("overlays/prod/r*", values={"unit": "x-{{path.basename}}"})], "{{values.unit}}", OLD,
    ),
    "folders-values-go": (
        [folders("overlays/prod/r*", values={"unit": "x-{{ .path.basename }}"})], "{{ .values.unit }}", GO,
    ),
    "files": ([files("apps/a.yaml")], "{{name}}-{{cluster.url}}", OLD),
    "files-go": ([files("apps/more/*.yaml")], "{{ .name }}-{{ .path.basename }}", GO),
    "files-json": ([files("apps/json/*.json")], "{{name}}-{{port}}-{{path.basename}}", OLD),
    "files-name-go": ([files("apps/json/d.json")], "{{ .name }}-{{ .path.filename }}", GO),
    "list": ([LIST], "{{env}}", "overlays/{{env}}"),
    "list-text-go": ([{"list": {"elementsYaml": "[{env: prod}, {env: qa}]"}}], "{{ .env }}", "overlays/{{ .env }}"),
    "matrix": ([both(LIST, folders("overlays/{{env}}/models/llama"))], "{{env}}-{{path.basename}}", OLD),
    "matrix-go": (
        [both({"list": {"elements": [{"env": "prod"}]}}, folders("overlays/{{ .env }}/r*"))],
        "{{ .env }}-{{ .path.basename }}", GO,
    ),
    "matrix-files": ([both(files("apps/more/b.yaml"), LIST)], "{{name}}-{{env}}", OLD),
    "selector": ([{**LIST, "selector": {"matchLabels": {"env": "prod"}}}], "{{env}}", "overlays/{{env}}"),
    "selector-not-go": (
        [{**LIST, "selector": {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}}],
        "{{ .env }}", "overlays/{{ .env }}",
    ),
    "selector-folder": (
        [{**folders("overlays/prod/*"), "selector": {"matchLabels": {"path.basename": "router"}}}], "{{path.basename}}", OLD,
    ),
    "selector-inside-go": (
        [both({**LIST, "selector": {"matchLabels": {"env": "dev"}}}, folders("overlays/{{ .env }}/*"))],
        "{{ .env }}-{{ .path.basename }}", GO,
    ),
    "merge": ([merged({"env": "dev", "more": "1"}, {"env": "qa"})], "{{env}}", "overlays/{{env}}"),
    "merge-go": ([merged({"env": "dev", "more": "1"})], "{{ .env }}", "overlays/{{ .env }}"),
    "own-template": ([{"list": {**LIST["list"], "template": OWN}}], "{{env}}", "overlays/{{env}}"),
    "own-template-inside": (
        [both({"list": {**LIST["list"], "template": OWN}}, folders("overlays/prod/r*"))], "{{env}}-{{path.basename}}", OLD,
    ),
    "two-generators": ([folders("overlays/prod/r*"), folders("overlays/dev/*")], "{{path[1]}}-{{path.basename}}", OLD),
}  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A repository of the files, served."""
    folder = tmp_path_factory.mktemp("generators")
    served = folder / "served"
    served.mkdir()
    (folder / "tree").mkdir()
    repository = Repository(folder / "tree")
    repository.git("init", "-q", "-b", "main")
    for path, text in FILES.items():
        target = repository.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    repository.serve(served / "llm.git")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "all")
    repository.git("push", "-q", "origin", "main")
    with serving(served) as address:
        yield f"{address}/llm.git"


def application_set(row: str, url: str) -> Object:
    generators, name, path = ROWS[row]
    is_go = row.endswith("-go")
    spec = {
        "generators": [_at(url, each) for each in generators],
        **({"goTemplate": True, "goTemplateOptions": ["missingkey=error"]} if is_go else {}),
        "template": {
            "metadata": {"name": f"{row}.{name}", "labels": {"row": row}},
            "spec": {
                "project": "default",
                "source": {"repoURL": url, "targetRevision": "main", "path": path},
                "destination": {"server": CLUSTER, "namespace": "default"},
            },
        },
    }
    return {
        "apiVersion": API,
        "kind": "ApplicationSet",
        "metadata": {"name": row, "namespace": NAMESPACE},
        "spec": spec,
    }


def _at(url: str, generator: Object) -> Object:
    """A generator with the repository in each of its parts that reads Git."""
    if "matrix" in generator:
        return both(*(_at(url, each) for each in generator["matrix"]["generators"]))
    return {"git": {"repoURL": url, "revision": "main", **generator["git"]}} if "git" in generator else generator


@pytest.fixture(scope="module")
def made(kubectl: Kubectl, argo: Plan, url: str) -> Iterator[dict[str, dict[str, str]]]:
    """By row, the Applications that the controller makes: their folders, by name."""
    sets = [application_set(row, url) for row in ROWS]
    with kubectl.holding(*sets):
        wait_until(lambda: all(_is_made(kubectl, row) for row in ROWS), "every ApplicationSet", PATIENCE)
        found: dict[str, dict[str, str]] = {row: {} for row in ROWS}
        for name, each in applications(kubectl).items():
            row = each["metadata"].get("labels", {}).get("row")
            if row in found:
                found[row][name] = each["spec"]["source"]["path"]
        yield found


def _is_made(kubectl: Kubectl, row: str) -> bool:
    """Whether the controller says that all of a set's Applications are as it asks."""
    return condition(kubectl.get("applicationset", row, NAMESPACE), "ResourcesUpToDate").get("status") == "True"


@pytest.mark.parametrize("row", ROWS)
def test_entries_are_those_of_the_controller(row: str, url: str, made: dict[str, dict[str, str]]) -> None:
    tree = Tree(lambda folder: [path for path in FILES if path.startswith(f"{folder}/")], FILES.get)
    manifest = Manifest("clusters/c1/set.yaml", application_set(row, url))
    assert not reading.unread_sets([manifest], tree)
    read = {owner.name: owner.path for owner in reading.owners([manifest], tree)}
    assert read == made[row]
    assert read
