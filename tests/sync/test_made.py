"""What an edited Kustomization makes of its objects is reviewed as if it stood in the manifests."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.kustomize.merge import Unsupported
from llmstack.sync.json_patch import apply_json_patch
from llmstack.sync.made import is_broken, make_of, stated, with_variables
from tests.sync.repository import Repository, environment, new_repository

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "llm", "labels": {"app": "d"}},
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "containers": [{"name": "c", "image": "org/app:v1", "env": [{"name": "A", "value": "1"}]}],
                "initContainers": [{"name": "i", "image": "org/app@sha256:aa"}, {"name": "j", "image": "org/app2:v1"}],
            }
        },
    },
}
MERGE = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: d, namespace: llm}\nspec: {replicas: 5}\n"
JSON = '[{"op": "replace", "path": "/spec/replicas", "value": 3}, {"op": "remove", "path": "/metadata/labels/app"}]'
BUILT: dict[str, dict[str, Any]] = {
    "a tag": {"images": [{"name": "org/app", "newTag": "v2"}]},
    "another name": {"images": [{"name": "org/app", "newName": "mirror/app"}]},
    "a digest": {"images": [{"name": "org/app", "digest": "sha256:bb"}]},
    "a merge by its own name": {"patches": [{"patch": MERGE}]},
    "a merge by target": {"patches": [{"patch": MERGE, "target": {"kind": "Deployment"}}]},
    "a JSON patch": {"patches": [{"patch": JSON, "target": {"kind": "Deployment", "name": "d"}}]},
    "patches, then images": {"patches": [{"patch": MERGE}], "images": [{"name": "org/app", "newTag": "v2"}]},
    "a new field that is replaced": {
        "patches": [
            {"patch": '[{"op": "replace", "path": "/spec/paused", "value": true}]', "target": {"kind": "Deployment"}}
        ]
    },
    "another target": {"patches": [{"patch": JSON, "target": {"kind": "Service"}}]},
}


@pytest.mark.parametrize("spec", BUILT.values(), ids=BUILT)
def test_patches_and_images_are_what_kustomize_builds(spec: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(yamlio.dump(DEPLOYMENT), encoding="utf-8")
    kustomization = {"resources": ["d.yaml"], **spec}
    (tmp_path / "kustomization.yaml").write_text(yamlio.dump(kustomization), encoding="utf-8")
    path = os.pathsep.join((os.environ.get("LLMSTACK_TOOLS", ".tools/bin"), os.environ["PATH"]))
    done = subprocess.run(
        ["kustomize", "build", str(tmp_path)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    [built] = yamlio.load_objects(done.stdout)
    [made] = make_of(spec, [DEPLOYMENT]) or []
    assert made == built


BROKEN = {
    "replaced below what is not there": '[{"op": "replace", "path": "/spec/nope/x", "value": 1}]',
    "added below what is not there": '[{"op": "add", "path": "/spec/nope/x", "value": 1}]',
    "nothing to remove": '[{"op": "remove", "path": "/spec/nope"}]',
    "beyond a list": '[{"op": "replace", "path": "/spec/template/spec/containers/7/image", "value": "a"}]',
    "an object that is not there": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: nope}\nspec: {replicas: 5}\n",
}


@pytest.mark.parametrize("patch", BROKEN.values(), ids=BROKEN)
def test_kustomize_refuses_a_patch_of_what_is_not_there(patch: str, tmp_path: Path) -> None:
    entry = {"patch": patch, "target": {"kind": "Deployment"}} if patch.startswith("[") else {"patch": patch}
    (tmp_path / "d.yaml").write_text(yamlio.dump(DEPLOYMENT), encoding="utf-8")
    kustomization = {"resources": ["d.yaml"], "patches": [entry]}
    (tmp_path / "kustomization.yaml").write_text(yamlio.dump(kustomization), encoding="utf-8")
    path = os.pathsep.join((os.environ.get("LLMSTACK_TOOLS", ".tools/bin"), os.environ["PATH"]))
    done = subprocess.run(
        ["kustomize", "build", str(tmp_path)], env={**os.environ, "PATH": path}, capture_output=True, check=False
    )
    assert done.returncode != 0
    assert is_broken({"patches": [entry]}, [DEPLOYMENT])


def test_variables() -> None:
    """docs/spec/v1/kustomizations.md, "Post build variable substitution"."""
    obj = {
        "metadata": {"name": "${name}"},
        "spec": {"replicas": "${count}", "tag": "v${minor:=3}", "none": "a${nothing}b", "text": "$plain"},
    }
    spec = {"postBuild": {"substitute": {"name": "x", "count": "4"}}}
    [made] = make_of(spec, [obj]) or []
    assert made == {"metadata": {"name": "x"}, "spec": {"replicas": 4, "tag": "v3", "none": "ab", "text": "$plain"}}
    off = {"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}, "spec": "${name}"}
    assert make_of(spec, [off]) == [off]
    assert make_of({}, [obj]) == [obj]


@pytest.mark.parametrize(
    "spec",
    [
        {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "c"}]}},
        {"postBuild": {"substitute": {"a": "b"}}, "patches": [{"patch": JSON}]},
        {"patches": [{"patch": '[{"op": "test", "path": "/a", "value": 1}]', "target": {"kind": "Deployment"}}]},
        {"patches": [{"patch": "a: [", "target": {"kind": "Deployment"}}]},
        {"images": [{"name": "org/app", "newTag": "v2"}] * 50_001},
        {"commonMetadata": {"labels": {f"a{n}": "b" for n in range(50_001)}}},
    ],
    ids=", ".join,
)
def test_what_cannot_be_told(spec: dict[str, Any]) -> None:
    assert make_of(spec, [DEPLOYMENT]) is None


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3], "b/c": 1}),
        ({"op": "add", "path": "/a/0", "value": 3}, {"a": [3, 1, 2], "b/c": 1}),
        ({"op": "remove", "path": "/a/1"}, {"a": [1], "b/c": 1}),
        ({"op": "replace", "path": "/b~1c", "value": 2}, {"a": [1, 2], "b/c": 2}),
        ({"op": "replace", "path": "/x", "value": 2}, {"a": [1, 2], "b/c": 1, "x": 2}),
        ({"op": "remove", "path": "/a/2"}, None),
        ({"op": "add", "path": "/x/y", "value": 2}, None),
        ({"op": "move", "path": "/a", "from": "/x"}, None),
    ],
)
def test_json_patches(operation: dict[str, Any], expected: dict[str, Any] | None) -> None:
    obj = {"a": [1, 2], "b/c": 1}
    if expected is None:
        with pytest.raises(Unsupported):
            apply_json_patch(obj, [operation])
        return
    assert apply_json_patch(obj, [operation]) == expected
    assert obj == {"a": [1, 2], "b/c": 1}


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("made") / "repository", prod=environment())


@pytest.fixture
def one(start: Repository, tmp_path: Path) -> Repository:
    return start.copy(tmp_path / "repository")


def test_an_application_says_it_in_other_words() -> None:
    """`source.kustomize` of Argo CD: images as `kustomize edit set image` takes them."""
    images = ["a=mirror.example.com:5000/a:v2", "org/b:v3", "org/c@sha256:cc"]
    source = {"path": "overlays/prod/llama", "kustomize": {"images": images, "patches": [{"patch": MERGE}]}}
    application = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": {"source": source}}
    told = stated(application)
    assert told is not None
    path, spec = told
    assert (path, spec["patches"]) == ("overlays/prod/llama", [{"patch": MERGE}])
    assert spec["images"] == [
        {"name": "a", "newName": "mirror.example.com:5000/a", "newTag": "v2"},
        {"name": "org/b", "newName": "org/b", "newTag": "v3"},
        {"name": "org/c", "newName": "org/c", "digest": "sha256:cc"},
    ]
    source["kustomize"] = {"commonLabels": {"a": "b"}}
    assert stated(application) is None


def edit(one: Repository, **spec: Any) -> None:
    """Other fields in the Kustomization of the model llama."""
    path = next(one.root.glob("clusters/c1/prod/**/*llama*.yaml"))
    text = path.read_text(encoding="utf-8")
    [obj] = yamlio.load_objects(text)
    header = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    path.write_text(header + yamlio.dump({**obj, "spec": {**obj["spec"], **spec}}), encoding="utf-8")


IMAGES = [{"name": "vllm/vllm-openai", "newTag": "v0.12.0"}]


def test_a_tag_in_a_kustomization_rolls_the_model(one: Repository) -> None:
    edit(one, images=IMAGES)
    review = one.review()
    [rollout] = review["envs"]["prod"]["rollouts"]
    assert (rollout["model"], rollout["why"], rollout["seconds"]) == ("llama", "restart", 600)
    assert not [each for each in review["clusters"]["c1"]["sync"] if each["action"] == "moved"]


def test_a_change_behind_a_tag_of_the_kustomization_reaches_no_pod(one: Repository) -> None:
    edit(one, images=IMAGES)
    one.commit()
    values = environment()
    for each in values["servingEngineSpec"]["modelSpec"]:
        each["tag"] = "v0.11.3"
    one.values(prod=values)
    edit(one, images=IMAGES)
    review = one.review(codes=(0, 1))
    assert [each["model"] for each in review["envs"]["prod"]["rollouts"]] == ["qwen"]


@pytest.mark.parametrize(
    "patch",
    [
        {"patch": '[{"op": "replace", "path": "/spec/nope/x", "value": 1}]', "target": {"kind": "Deployment"}},
        {"patch": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: nope}\nspec: {replicas: 5}\n"},
    ],
)
def test_a_patch_of_what_is_not_there_stops_the_unit(patch: dict[str, Any], one: Repository) -> None:
    values = environment()
    for each in values["servingEngineSpec"]["modelSpec"]:
        each["tag"] = "v0.11.3"
    one.values(prod=values)
    edit(one, patches=[patch])
    review = one.review(codes=(0, 1))
    [blocked] = [each for each in review["clusters"]["c1"]["sync"] if each["action"] == "blocked"]
    assert (blocked["unit"], blocked["by"]) == ("prod.models.llama", "a patch of its own")
    assert [each["model"] for each in review["envs"]["prod"]["rollouts"]] == ["qwen"]


_UNIT = {"group": "kustomize.toolkit.fluxcd.io", "kind": "Kustomization", "name": "prod\\.models\\.llama"}
_PATCH = yamlio.dump([{"op": "add", "path": "/spec/images", "value": IMAGES}])
_COMPONENT = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": {"resources": ["prod"], "patches": [{"target": _UNIT, "patch": _PATCH}]}},
        {
            "kustomization.yaml": {"resources": ["prod"], "patches": [{"target": _UNIT, "path": "p.yaml"}]},
            "p.yaml": yamlio.load(_PATCH),
        },
        {
            "kustomization.yaml": {"resources": ["prod"], "components": ["images"]},
            "images/kustomization.yaml": _COMPONENT | {"patches": [{"target": _UNIT, "patch": _PATCH}]},
        },
    ],
    ids=["inline", "file", "component"],
)
def test_a_kustomization_of_the_cluster_writes_it_into_those_of_units(files: dict[str, Any], one: Repository) -> None:
    """docs/operations.md tells people to patch the owners so."""
    for path, content in files.items():
        one.file(f"clusters/c1/{path}", yamlio.dump(content))
    review = one.review(codes=(0, 1))
    assert [each["model"] for each in review["envs"]["prod"]["rollouts"]] == ["llama"]
    assert not [each for each in review["clusters"]["c1"]["sync"] if each["action"] == "moved"]


def test_it_may_be_written_as_json(one: Repository) -> None:
    path = next(one.root.glob("clusters/c1/prod/**/*llama*.yaml"))
    [obj] = yamlio.load_objects(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**obj, "spec": {**obj["spec"], "images": IMAGES}}), encoding="utf-8")
    review = one.review(codes=(0, 1))
    assert [each["model"] for each in review["envs"]["prod"]["rollouts"]] == ["llama"]


def test_what_is_not_stated_is_told_as_before(one: Repository) -> None:
    edit(one, postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "c"}]})
    review = one.review()
    assert [each["action"] for each in review["clusters"]["c1"]["sync"]] == ["moved"]
    assert review["envs"]["prod"]["rollouts"] == []


def variables(tag: str, name: str = "c", space: str = "flux-system") -> str:
    metadata = {"name": name, "namespace": space}
    return yamlio.dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"tag": tag}})


@pytest.mark.parametrize(
    ("build", "after", "models"),
    [
        ({"substituteFrom": [{"kind": "ConfigMap", "name": "c"}]}, variables("v0.12.0"), ["llama"]),
        ({"substituteFrom": [{"kind": "ConfigMap", "name": "c"}]}, variables("v0.11.0\n"), []),
        (
            {"substituteFrom": [{"kind": "ConfigMap", "name": "c"}], "substitute": {"tag": "v0.11.0"}},
            variables("v0.12.0"),
            [],  # what the Kustomization states itself wins
        ),
    ],
)
def test_variables_of_a_config_map_beside_it(
    build: dict[str, Any], after: str, models: list[str], one: Repository
) -> None:
    """docs/spec/v1/kustomizations.md, "Post build variable substitution": `substituteFrom`."""
    edit(one, postBuild=build, images=[{"name": "vllm/vllm-openai", "newTag": "${tag}"}])
    vars_ = one.root / "clusters/c1/vars.yaml"
    vars_.write_text(variables("v0.11.0"), encoding="utf-8")
    one.commit()
    vars_.write_text(after, encoding="utf-8")
    review = one.review(codes=(0, 1))
    assert [each["model"] for each in review["envs"].get("prod", {"rollouts": []})["rollouts"]] == models


@pytest.mark.parametrize(
    ("named", "maps", "substitute"),
    [
        ([{"kind": "ConfigMap", "name": "a"}, {"kind": "ConfigMap", "name": "b"}], "ab", {"x": "b", "y": "own"}),
        ([{"kind": "ConfigMap", "name": "b"}, {"kind": "ConfigMap", "name": "a"}], "ab", {"x": "a", "y": "own"}),
        ([{"kind": "Secret", "name": "a"}], "ab", None),
        ([{"kind": "ConfigMap", "name": "a"}, {"kind": "ConfigMap", "name": "b", "optional": True}], "a", None),
    ],
)
def test_where_variables_are_from(named: list[Any], maps: str, substitute: dict[str, str] | None) -> None:
    spec = {"postBuild": {"substituteFrom": named, "substitute": {"y": "own"}}}
    found = with_variables(spec, {name: {"data": {"x": name, "y": name}} for name in maps})
    assert found == (spec if substitute is None else {"postBuild": {"substitute": substitute}})
