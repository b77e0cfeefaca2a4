"""The schemas in the package: complete, readable by kubeconform, strict, and in the wheel."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from llmstack import programs, schemas, yamlio

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "generator" / "llmstack"
LABELS = {"app": "engine"}
POD = {"containers": [{"name": "vllm", "image": "vllm/vllm-openai:v0.11.2"}]}
OBJECTS: dict[str, dict[str, Any]] = {
    "apps/v1 Deployment": {
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": POD},
    },
    "v1 PersistentVolumeClaim": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "50Gi"}},
    },
    "gateway.networking.k8s.io/v1 HTTPRoute": {"parentRefs": [{"name": "gateway"}]},
    "gateway.networking.k8s.io/v1 GRPCRoute": {"parentRefs": [{"name": "gateway"}]},
    "gateway.networking.k8s.io/v1alpha2 TCPRoute": {"rules": [{"backendRefs": [{"name": "router", "port": 80}]}]},
    "keda.sh/v1alpha1 ScaledObject": {
        "scaleTargetRef": {"name": "engine"},
        "triggers": [{"type": "cpu", "metadata": {"value": "60"}}],
    },
    "kustomize.toolkit.fluxcd.io/v1 Kustomization": {
        "interval": "10m",
        "prune": True,
        "sourceRef": {"kind": "GitRepository", "name": "fleet"},
    },
}


def check(folder: Path, kind: str, spec: dict[str, Any], version: str) -> programs.Verdict:
    """What kubeconform says of one object, with nothing but the package's own schemas."""
    api_version, _, name = kind.partition(" ")
    file = folder / "object.yaml"
    data = {"apiVersion": api_version, "kind": name, "metadata": {"name": "engine"}, "spec": spec}
    file.write_text(yamlio.dump(data), encoding="utf-8")
    home = os.environ.get("LLMSTACK_TOOLS")
    (verdict,) = programs.kubeconform(
        programs.find_tool(programs.KUBECONFORM, Path(home) if home else None),
        [file],
        schema_locations=schemas.locations(),
        kubernetes_version=schemas.full_version(version),
    )
    return verdict


def test_each_version_has_a_folder_and_each_folder_a_version() -> None:
    folders = {path.name for path in (schemas.folder() / "k8s").iterdir()}
    assert folders == {f"v{schemas.full_version(version)}" for version in schemas.KUBERNETES_VERSIONS}


@pytest.mark.parametrize("version", schemas.KUBERNETES_VERSIONS)
def test_every_kind_resolves_within_its_folder(version: str) -> None:
    known = schemas.definitions(version)["definitions"]
    kinds = list((schemas.folder() / "k8s" / f"v{version}.0").glob("[a-z]*.json"))
    assert len(kinds) == (28 if version in ("1.32", "1.33") else 31)
    for path in [*kinds, schemas.folder() / "k8s" / f"v{version}.0" / "_definitions.json"]:
        for file, name in re.findall(r'"\$ref":"([^"#]*)#/definitions/([^"]+)"', path.read_text()):
            assert file in ("", "_definitions.json")
            assert name in known, f"{path.name}: {name}"


def test_a_version_without_schemas_is_refused() -> None:
    with pytest.raises(KeyError):
        schemas.full_version("1.20")
    with pytest.raises(KeyError):
        schemas.definitions("../1.34")


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("version", [schemas.KUBERNETES_VERSIONS[0], schemas.KUBERNETES_VERSIONS[-1]])
def test_kubeconform_reads_them_and_is_strict(tmp_path: Path, kind: str, version: str) -> None:
    assert check(tmp_path, kind, OBJECTS[kind], version).status == "valid"
    assert check(tmp_path, kind, OBJECTS[kind] | {"mispelt": 1}, version).status == "invalid"


def test_a_kind_without_a_schema_is_said_to_have_none(tmp_path: Path) -> None:
    assert check(tmp_path, "example.com/v1 Widget", {}, "1.34").status == "no-schema"


def test_the_readme_names_every_source() -> None:
    readme = (schemas.folder() / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `crds/(\S+)`", readme, re.MULTILINE)) == {
        path.name for path in (schemas.folder() / "crds").iterdir()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "generator/llmstack"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    expected = {name.removeprefix("generator/") for name in tracked if name and (ROOT / name).exists()}
    assert len([name for name in expected if name.startswith("llmstack/schemas/")]) > 200
    assert expected <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_is_small(wheel: Path) -> None:
    """Two thirds of it are code, a fifth schemas, catalogues and facts: a large file that slips in shows here."""
    assert wheel.stat().st_size < 9 * 2**18


def test_an_unpacked_wheel_finds_its_schemas(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (
        "import json; from llmstack import schemas; "
        "print(json.dumps([str(schemas.folder()), len(schemas.definitions('1.34')['definitions'])]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    folder, definitions = json.loads(done.stdout)
    assert Path(folder) == tmp_path / "llmstack" / "schemas"
    assert definitions > 200
