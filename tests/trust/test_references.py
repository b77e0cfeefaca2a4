"""What a kustomization may name: every spelling of anything else is found, and what is honest builds as before."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from llmstack.kustomize.sources import FIELDS, PLAIN_FIELDS, PLUGINS
from llmstack.programs import KUSTOMIZE, ToolError, find_tool
from llmstack.repository.copied import copied
from tests.programs import kustomize_build
from tests.tools.test_tools import FOLDER
from tests.trust.support import UNIT, custom, findings_on, look_through

URL = "https://example.com/x.yaml"
GIT = "file:///nowhere/x//y?ref=--upload-pack=touch%20/tmp/x"
PLUGIN = "apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n"
EXEC = 'apiVersion: example.com/v1\n  kind: X\n  metadata: {name: x, annotations: {config.kubernetes.io/function: "exec: {path: ./run.sh}"}}\n'
TOOLS = Path(__file__).resolve().parents[2] / "tools"

REFUSED = {
    "a file of the web": f"resources: [{URL}]",
    "a repository with an option for Git": f'resources: ["{GIT}"]',
    "a repository by SSH": 'resources: ["git@github.com:a/b"]',
    "a repository by SSH, without a scheme": 'resources: ["me@host.example:a/b.git"]',
    "a repository by SSH, as if in a folder": 'resources: ["me@host.example/a/b"]',
    "a repository of GitHub": "resources: [github.com/a/b]",
    "a repository of GitHub, in another case": "resources: [GitHub.Com/a/b]",
    "a prefix of go-getter": 'resources: ["git::github.com/a/b"]',
    "a revision": "resources: ['../../../../overlays/prod/models/m?ref=main']",
    "two slashes": "resources: [../../../../overlays//prod]",
    "a drive": "resources: ['C:\\x']",
    "an absolute path": "resources: [/etc/passwd]",
    "a path out of the repository": "resources: [../../../../../../../../etc]",
    "a path to the values": "resources: [../../../../values/prod.yaml]",
    "a path to Git's folder": "resources: [../../../../.git/config]",
    "a path to Git's folder below": "resources: [.git/config]",
    "the key in another case": f"Resources: [{URL}]",
    "the key with a letter that folds to another": f"re\u017fources: [{URL}]",
    "the first of two keys": f"resources: [{URL}]\nresources: []",
    "the second of two keys": f"resources: []\nresources: [{URL}]",
    "an anchor": f"commonAnnotations: {{x: &u {URL}}}\nresources: [*u]",
    "a merge key": f"<<: {{resources: [{URL}]}}",
    "a merge key with a list": f"<<: [{{namespace: x}}, {{resources: [{URL}]}}]",
    "a second document": f"---\nresources: [{URL}]",
    "a block": f"resources:\n- >-\n  {URL}",
    "an escape": 'resources: ["\\x68ttps://example.com/x.yaml"]',
    "a tag that means nothing": f"resources: [!!str {URL}]",
    "JSON": f'{{"resources": ["{URL}"]}}',
    "no list": f"resources: {URL}",
    "bases": "bases: [github.com/a/b]",
    "components": f"components: ['{GIT}']",
    "crds": f"crds: [{URL}]",
    "configurations": f"configurations: [{URL}]",
    "openapi": f"openapi: {{path: {URL}}}",
    "patches": f"patches: [{{path: {URL}}}]",
    "patches, in another case": f"patches: [{{Path: {URL}}}]",
    "patchesJson6902": f"patchesJson6902: [{{path: {URL}, target: {{version: v1, kind: X, name: x}}}}]",
    "patchesStrategicMerge": f"patchesStrategicMerge: [{URL}]",
    "replacements": f"replacements: [{{path: {URL}}}]",
    "files of a config map": f"configMapGenerator: [{{name: x, files: [{URL}]}}]",
    "files of a config map, with a key": f"configMapGenerator: [{{name: x, files: [a={URL}]}}]",
    "env of a config map": f"configMapGenerator: [{{name: x, env: {URL}}}]",
    "envs of a secret": f"secretGenerator: [{{name: x, envs: [{URL}]}}]",
    "a file out of the repository in a secret": "secretGenerator: [{name: x, files: [../../../../../../../../root/.ssh/id_rsa]}]",
    "generators": f"generators: [{URL}]",
    "transformers": f"transformers: ['{GIT}']",
    "validators": "validators: [github.com/a/b]",
    "a plugin that is a program": f"generators:\n- |-\n  {EXEC}",
    "a plugin whose patch is on the web": f"transformers:\n- |-\n  {PLUGIN}  path: {URL}",
    "a plugin that begins as a URL": f"transformers:\n- |-\n  {URL}/a/b: x\n  {PLUGIN}",
    "a plugin in braces": f'transformers: [\'{{"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {{"name": "x"}}, "path": "{URL}"}}\']',
    "plugins in a list": "transformers:\n- |-\n  apiVersion: v1\n  kind: List\n  metadata: {name: x}\n  items: []",
    "a plugin in a file": "transformers: [plugin.yaml]",
    "plugins in a folder": "transformers: [plugins]",
    "a chart": "helmCharts: [{name: x, repo: https://example.com}]",
    "a chart in the old spelling": "helmChartInflationGenerator: [{chartName: x}]",
    "charts of a folder": "helmGlobals: {chartHome: charts}",
    "a field of another release": f"remotes: [{URL}]",
}  # fmt: skip
"""What leads out of the tree, or to a program, by what it is."""


@pytest.fixture
def tree(start: Path, tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("base", "overlays"):
        subprocess.run(["cp", "-r", str(start / name), str(root)], check=True)
    folder = root / UNIT
    (folder / "plugins").mkdir(parents=True)
    (folder / "plugins/kustomization.yaml").write_text("resources: [x.yaml]\n")
    (folder / "plugins/x.yaml").write_text("apiVersion: builtin\nkind: HashTransformer\nmetadata: {name: x}\n")
    text = f"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: x}}\npath: {URL}\n"
    (folder / "plugin.yaml").write_text(text)
    return root


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_leads_out_is_found_at_its_place(tree: Path, text: str) -> None:
    written = text if text.startswith("{") else custom(text)
    found = findings_on(tree, written)
    assert [finding.id for finding in found] == ["remote-reference"]
    (finding,) = found
    assert finding.place is not None
    assert finding.place.path in (f"{UNIT}/kustomization.yaml", f"{UNIT}/plugin.yaml")
    assert finding.place.line > 2 or written.startswith("{")
    assert finding.help


def test_a_folder_in_the_tree_that_kustomize_takes_for_a_repository(tree: Path) -> None:
    folder = tree / UNIT / "github.com/a/b"
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text("namespace: x\n")
    assert [each.id for each in findings_on(tree, custom("resources: [github.com/a/b]"))] == ["remote-reference"]
    assert findings_on(tree, custom("resources: [./github.com/a/b]")) == []


def test_the_help_names_a_folder_that_a_build_may_read(tree: Path) -> None:
    (finding,) = findings_on(tree, custom("resources: [github.com/a/b]"))
    assert finding.help == "copy what it names into custom/, and name it there by a relative path"


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_every_name_of_a_kustomization_is_followed(tree: Path, name: str) -> None:
    folder = tree / "custom/common"
    folder.mkdir(parents=True)
    (folder / name).write_text(f"resources: [{URL}]\n")
    (finding,) = findings_on(tree, custom("components: [../../../common]"))
    assert finding.place is not None
    assert finding.place.path == f"custom/common/{name}"


def test_a_generated_unit_is_held_to_the_same(tree: Path) -> None:
    file = tree / "overlays/prod/models/m/kustomization.yaml"
    file.write_text(file.read_text() + f"crds: [{URL}]\n")
    (finding,) = findings_on(tree, custom(""))
    assert finding.place is not None
    assert (finding.id, finding.place.path) == ("remote-reference", "overlays/prod/models/m/kustomization.yaml")


def test_the_name_and_password_of_a_url_are_not_shown(tree: Path) -> None:
    (finding,) = findings_on(tree, custom("resources: ['https://me:hunter2@example.com/a']"))
    assert "hunter2" not in finding.message


def test_what_is_shown_of_a_file_is_one_short_line_without_controls(tree: Path) -> None:
    for text in ('resources: ["\\e[2J\\n::error ::x"]', '"\\e[2J\\n::x": 1', f"resources: ['https://{'x' * 9000}']"):
        (finding,) = findings_on(tree, custom(text))
        assert finding.message.isprintable()
        assert len(finding.message) < 300


def test_a_file_of_many_references_is_judged_in_time(tree: Path) -> None:
    began = time.process_time()
    assert len(findings_on(tree, custom("resources:\n" + f"- {URL}\n" * 35_000))) == 100
    assert [each.id for each in findings_on(tree, custom("resources:\n" + f"- {URL}\n" * 350_000))] == [
        "irregular-file"
    ]
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("resources: [!!binary aHR0cHM6Ly9leGFtcGxlLmNvbS94LnlhbWw=]", "yaml-tag"),
        ("namespace: !x y", "yaml-tag"),
        ("resources: [", "yaml-syntax"),
        ("resources: [*x]", "yaml-syntax"),
        ("labels: " + "[" * 80_000, "too-deep"),
        ("labels:\n" + "".join(f"{' ' * depth}- \n" for depth in range(1, 300)), "too-deep"),
        ("labels: &x [*x]", "alias-bomb"),
        ("x: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(f"x{n}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)), "alias-bomb"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tree: Path, text: str, id: str) -> None:
    assert [finding.id for finding in findings_on(tree, custom(text))] == [id]


def test_a_kustomization_in_another_encoding_is_not_read(tree: Path) -> None:
    folder = tree / UNIT
    (folder / "kustomization.yaml").write_bytes(custom(f"resources: [{URL}]").encode("utf-16"))
    assert [finding.id for finding in look_through(tree, [UNIT]).findings] == ["bad-encoding"]


HONEST = {
    "a file and a folder": "resources: [../../../../overlays/prod/models/m, thing.yaml]",
    "in another case": "Resources: [../../../../overlays/prod/models/m]",
    "a component": "components: [../../../common]",
    "a patch in a file": "patches: [{path: patch.yaml, target: {kind: Deployment}}]",
    "a patch written out": "patches: [{target: {kind: Deployment}, patch: '[{\"op\": \"add\", \"path\": \"/spec/paused\", \"value\": true}]'}]",
    "old patches": "patchesStrategicMerge:\n- named.yaml\n- |-\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: llmstack-m-deployment-vllm}\n  spec: {paused: true}",
    "config maps": "configMapGenerator: [{name: x, files: [data.txt, other=data.txt], literals: ['url=https://example.com'], envs: [data.env]}]",
    "kustomize's own plugin": "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: patch.yaml\n  target: {kind: Deployment}",
    "kustomize's own plugin in a file": "transformers: [suffix.yaml]",
    "a plugin in a folder below, whose files are beside the kustomization": "generators: [below/maps.yaml]",
    "replacements": "replacements: [{path: replacement.yaml}]",
    "a date": "commonAnnotations: {a: 2026-11-28, b: =}",
    "anchors": "commonAnnotations: {a: &a x, b: *a}",
    "URLs that are data": "commonAnnotations: {a: https://example.com}\nimages: [{name: vllm/vllm-openai, newName: ghcr.io/x/y}]",
    "a link to a file": "patches: [{path: linked.yaml, target: {kind: Deployment}}]",
    "a link to a folder": "resources: [../../../../overlays/prod/models/m, ../../linked]",
}  # fmt: skip


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_what_is_honest_builds_from_a_copy_as_in_place(tree: Path, text: str) -> None:
    for path, content in {
        f"{UNIT}/thing.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: thing}\n",
        f"{UNIT}/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec: {paused: true}\n",
        f"{UNIT}/named.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: llmstack-m-deployment-vllm}\nspec: {revisionHistoryLimit: 1}\n",
        f"{UNIT}/data.txt": "[" * 200_000,
        f"{UNIT}/data.env": "A=1\n",
        f"{UNIT}/suffix.yaml": "apiVersion: builtin\nkind: SuffixTransformer\nmetadata: {name: x}\nsuffix: -x\nfieldSpecs: [{path: metadata/name}]\n",
        f"{UNIT}/below/maps.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nname: x\nfiles: [data.env]\n",
        f"{UNIT}/replacement.yaml": "source: {kind: Deployment, fieldPath: metadata.name}\ntargets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
        "custom/common/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {team: x}\n",
        "custom/other/kustomization.yaml": "resources: [own.yaml]\n",
        "custom/other/own.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    }.items():  # fmt: skip
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content)
    (tree / UNIT / "linked.yaml").symlink_to("patch.yaml")
    (tree / "custom/prod/linked").symlink_to("../other")
    assert findings_on(tree, custom(text)) == []
    program = find_tool(KUSTOMIZE, FOLDER)
    with copied(look_through(tree, [UNIT])) as copy:
        assert kustomize_build(program, copy / UNIT) == kustomize_build(program, tree / UNIT)


@pytest.fixture
def behind_a_link(tree: Path) -> Path:
    """The file of a unit's kustomization, which is a link into folders that lie far below it."""
    file = tree / UNIT / "a/b/c/d/e/f/g/h/real.yaml"
    file.parent.mkdir(parents=True)
    (tree / UNIT / "kustomization.yaml").symlink_to("a/b/c/d/e/f/g/h/real.yaml")
    return file


def test_a_kustomization_behind_a_link_is_followed_from_its_folder(tree: Path, behind_a_link: Path) -> None:
    behind_a_link.write_text("resources: [../../../../../../elsewhere]\n")
    (finding,) = look_through(tree, [UNIT]).findings
    assert (finding.id, finding.place and finding.place.path) == ("remote-reference", f"{UNIT}/kustomization.yaml")


def test_an_honest_kustomization_behind_a_link_builds_from_a_copy(tree: Path, behind_a_link: Path) -> None:
    behind_a_link.write_text(custom(""))
    program = find_tool(KUSTOMIZE, FOLDER)
    with copied(look_through(tree, [UNIT])) as copy:
        assert kustomize_build(program, copy / UNIT) == kustomize_build(program, tree / UNIT) != ""


def test_a_file_that_is_not_there_is_for_kustomize_to_say(tree: Path) -> None:
    assert findings_on(tree, custom("patches: [{path: none.yaml}]")) == []
    with copied(look_through(tree, [UNIT])) as copy, pytest.raises(ToolError, match=r"none\.yaml: no such file"):
        kustomize_build(find_tool(KUSTOMIZE, FOLDER), copy / UNIT)


def test_every_field_and_every_plugin_of_kustomize_is_known() -> None:
    """Against the source that the pinned kustomize is built from."""
    command = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api"]
    api = Path(subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, check=True).stdout.strip())
    source = (api / "types/kustomization.go").read_text()
    struct = source[source.index("type Kustomization struct") : source.index("const (\n\tdeprecated")]
    fields = {name.lower() for name in re.findall(r'json:"(\w+),', struct)}
    assert len(fields) > 25
    assert fields | {"apiversion", "kind"} == {route[0] for route in FIELDS} | PLAIN_FIELDS
    plugins = {path.stem for path in (api / "internal/builtins").glob("*.go")} - {"doc"}
    assert plugins - {"HelmChartInflationGenerator"} == set(PLUGINS)


def test_what_is_refused_is_shown_short_in_one_line_and_without_a_password(tree: Path) -> None:
    (found,) = findings_on(tree, custom(f'resources: ["https://user:hunter2@example.com/\\n{"a" * 200}"]'))
    assert "`https://***@example.com/\ufffdaaa" in found.message
    assert "…`" in found.message
    assert "hunter2" not in found.message
