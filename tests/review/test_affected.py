"""Affected units: everything that a changed file reaches, and nothing else, at a cost that follows the
tree."""

from __future__ import annotations

import time
from functools import partial

import pytest

from llmstack.kustomize.affected import Side, affected_units
from llmstack.kustomize.trust import follow
from llmstack.tree.units import unit_folders

Tree = dict[str, str]


def side(tree: Tree, links: dict[str, str] | None = None) -> Side:
    """A tree as builds of its environments read it; `links` by path, each with its end."""
    ends = links or {}

    def read(path: str) -> str | None:
        return tree.get(ends.get(path, path))

    def content(path: str) -> bytes | None:
        text = read(path)
        return None if text is None else text.encode()

    lists = [f"overlays/{environment}{unit}" for environment in ("dev", "prod") for unit in ("", "/secrets")]
    return Side(partial(unit_folders, read), follow(content, lists, lambda path: ends.get(path, path)))


def listing(*resources: str, components: tuple[str, ...] = (), patches: tuple[str, ...] = ()) -> str:
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources:"]
    lines += [f"- {resource}" for resource in resources]
    if components:
        lines += ["components:", *(f"- {component}" for component in components)]
    if patches:
        lines += ["patches:"]
        for patch in patches:
            lines += [
                "- options:",
                "    allowNameChange: true",
                f"  path: {patch}",
                "  target:",
                "    kind: Deployment",
            ]
    return "\n".join([*lines, ""])


def fleet(models: int = 3) -> Tree:
    """Two environments; model m0 has a base of its own, m1 an overlay in custom/ in prod."""
    tree = {
        "base/engine/kustomization.yaml": listing("deployment.yaml"),
        "base/engine/deployment.yaml": "",
        "base/router/kustomization.yaml": listing("deployment.yaml"),
        "base/router/deployment.yaml": "",
        "base/models/m0/kustomization.yaml": listing("../../engine", patches=("deployment.yaml",)),
        "base/models/m0/deployment.yaml": "",
        "custom/prod/models/m1/kustomization.yaml": listing(
            "../../../../overlays/prod/models/m1", patches=("p.yaml",), components=("../../../common/gpu",)
        ),
        "custom/common/gpu/kustomization.yaml": listing(patches=("shared.yaml",)),
    }
    for environment in ("dev", "prod"):
        home = f"overlays/{environment}"
        units = ["router", *(f"models/m{number}" for number in range(models))]
        if environment == "prod":
            units[2] = "../../custom/prod/models/m1"
        tree[f"{home}/kustomization.yaml"] = listing(*units)
        tree[f"{home}/engine/kustomization.yaml"] = listing(patches=("deployment.yaml",))
        tree[f"{home}/router/kustomization.yaml"] = listing("../../../base/router", patches=("deployment.yaml",))
        tree[f"{home}/secrets/kustomization.yaml"] = listing("hf.yaml")
        for number in range(models):
            base = "../../../../base/models/m0" if number == 0 else "../../../../base/engine"
            tree[f"{home}/models/m{number}/kustomization.yaml"] = listing(
                base, components=("../../engine",), patches=("deployment.yaml",)
            )
    return tree


ALL = ["models/m0", "models/m1", "models/m2"]
CASES: dict[str, dict[str, list[str]]] = {
    "overlays/prod/models/m2/deployment.yaml": {"prod": ["models/m2"]},
    "overlays/prod/models/m2/kustomization.yaml": {"prod": ["models/m2"]},
    "overlays/dev/engine/deployment.yaml": {"dev": ALL},
    "overlays/prod/engine/kustomization.yaml": {"prod": ALL},
    "base/engine/deployment.yaml": {"dev": ALL, "prod": ALL},
    "base/models/m0/deployment.yaml": {"dev": ["models/m0"], "prod": ["models/m0"]},
    "base/router/deployment.yaml": {"dev": ["router"], "prod": ["router"]},
    "overlays/prod/secrets/hf.yaml": {"prod": ["secrets"]},
    "custom/prod/models/m1/p.yaml": {"prod": ["models/m1"]},
    "custom/common/gpu/shared.yaml": {"prod": ["models/m1"]},
    "overlays/prod/kustomization.yaml": {},
    "overlays/prod/REQUIREMENTS.md": {},
    "custom/prod/models/gone/p.yaml": {},
    "values/prod.yaml": {},
    "clusters/east/prod/models.yaml": {},
    "README.md": {},
}


@pytest.mark.parametrize("path", CASES)
def test_a_changed_file_affects_what_reaches_it(path: str) -> None:
    tree = fleet()
    assert affected_units([path], ["dev", "prod"], side(tree), side(tree)) == CASES[path]


def test_units_that_come_and_go_are_affected() -> None:
    before, after = fleet(3), fleet(4)
    changed = [path for path in after if after.get(path) != before.get(path)]
    assert affected_units(changed, ["dev", "prod"], side(before), side(after)) == {
        "dev": ["models/m3"],
        "prod": ["models/m3"],
    }
    assert affected_units(changed, ["dev", "prod"], side(after), side(before)) == {
        "dev": ["models/m3"],
        "prod": ["models/m3"],
    }


def test_a_unit_that_only_leaves_the_list_is_affected() -> None:
    before, after = fleet(), fleet()
    path = "overlays/dev/kustomization.yaml"
    after[path] = after[path].replace("- router\n", "")
    assert affected_units([path], ["dev", "prod"], side(before), side(after)) == {"dev": ["router"]}


def test_kustomizations_in_flow_style_and_folders_that_refer_to_themselves_are_read() -> None:
    tree = fleet()
    tree["overlays/dev/models/m2/kustomization.yaml"] = "{kind: Kustomization, resources: [../../../../base/x, .]}"
    tree["base/x/kustomization.yaml"] = listing("../x", "../../overlays/dev/models/m2", "deployment.yaml")
    assert affected_units(["base/x/deployment.yaml"], ["dev"], side(tree), side(tree)) == {"dev": ["models/m2"]}


def test_what_a_build_reads_is_known_however_it_is_written() -> None:
    """A change of a file that is named in a way of YAML that no list of lines shows, or by a plugin."""
    ways = {
        "block": "components:\n- >-\n  ../../../common/gpu\n",
        "next line": "components:\n-\n  ../../../common/gpu\n",
        "JSON": '"components": ["../../../common/gpu"]\n',
        "twice": "components: [../../../common/gpu]\ncomponents: []\n",
        "anchor": "commonAnnotations: {x: &a ../../../common/gpu}\ncomponents: [*a]\n",
        "plugin": "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: ../../../common/gpu/shared.yaml\n",
        "values": "configMapGenerator: [{name: x, files: [a=../../../common/gpu/shared.yaml]}]\n",
    }
    for text in ways.values():
        tree = fleet()
        tree["custom/prod/models/m1/kustomization.yaml"] = f"resources: [../../../../overlays/prod/models/m1]\n{text}"
        found = affected_units(["custom/common/gpu/shared.yaml"], ["dev", "prod"], side(tree), side(tree))
        assert found == {"prod": ["models/m1"]}, text


def test_what_lies_in_the_folder_of_one_environment_may_be_read_by_another() -> None:
    tree = fleet()
    tree["overlays/dev/models/m2/kustomization.yaml"] = listing("../../../prod/models/m2")
    tree["overlays/dev/router/kustomization.yaml"] = listing(
        "../../../base/router", patches=("../../../custom/p.yaml",)
    )
    path = "overlays/prod/models/m2/deployment.yaml"
    assert affected_units([path], ["dev", "prod"], side(tree), side(tree)) == {
        "dev": ["models/m2"],
        "prod": ["models/m2"],
    }
    assert affected_units(["custom/p.yaml"], ["dev", "prod"], side(tree), side(tree)) == {"dev": ["router"]}


def test_a_link_that_leads_elsewhere_affects_what_passes_it() -> None:
    tree = fleet()
    tree |= {"custom/a.yaml": "x: 1", "custom/b.yaml": "x: 2"}
    path = "custom/prod/models/m1/p.yaml"
    before, after = side(tree, {path: "custom/a.yaml"}), side(tree, {path: "custom/b.yaml"})
    assert affected_units([], ["dev", "prod"], before, before) == {}
    assert affected_units([], ["dev", "prod"], before, after) == {"prod": ["models/m1"]}
    assert affected_units(["custom/a.yaml"], ["dev", "prod"], before, before) == {"prod": ["models/m1"]}


def test_a_fleet_is_judged_in_time() -> None:
    tree = side(fleet(2000))
    began = time.process_time()
    assert affected_units(["base/router/deployment.yaml"], ["dev", "prod"], tree, tree) == {
        "dev": ["router"],
        "prod": ["router"],
    }
    assert time.process_time() - began < 2
