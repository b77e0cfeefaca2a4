"""What the build in process leaves to kustomize, each with the reason that it gives."""

from __future__ import annotations

import pytest

from llmstack.kustomize.build import Missing, Unsupported, build
from llmstack.kustomize.merge import merge_patch

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
TREE = {
    "u/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
    "u/a.yaml": "apiVersion: v1\nkind: A\nmetadata: {name: a}\n",
    "u/p.yaml": "apiVersion: v1\nkind: A\nmetadata: {name: b}\n",
    "c/kustomization.yaml": COMPONENT,
    "b/kustomization.yaml": HEAD,
    "x.yaml": "apiVersion: v1\nkind: A\nmetadata: {name: x}\n",
}
UNITS: dict[str, str] = {
    "[]": "u/kustomization.yaml is not one map",
    HEAD + "---\n" + HEAD: "u/kustomization.yaml is not one map",
    COMPONENT: "u/kustomization.yaml is not a Kustomization",
    HEAD.replace("v1beta1", "v1"): "u/kustomization.yaml is not a Kustomization",
    HEAD + "namePrefix: a-\nimages: []\n": "u/kustomization.yaml: images, namePrefix",
    HEAD + "resources: a\n": "u/kustomization.yaml: resources is a str",
    HEAD + "namespace: [a]\n": "u/kustomization.yaml: namespace is a list",
    HEAD + "resources: [a.yaml, a.yaml]\n": "u names a resource twice",
    HEAD + "resources: [a.yaml, ./a.yaml]\n": "two objects of one kind, namespace and name",
    HEAD + "resources: [../u]\n": "u refers to itself",
    HEAD + "resources: [1]\n": "u refers to 1",
    HEAD + "resources: [/a.yaml]\n": "u refers to '/a.yaml'",
    HEAD + "resources: ['https://x/a']\n": "u refers to 'https://x/a'",
    HEAD + "resources: ['../b?ref=a']\n": "u refers to '../b?ref=a'",
    HEAD + "resources: [../../a]\n": "u refers to ../../a, outside of the tree",
    HEAD + "resources: [../x.yaml]\n": "u refers to the file x.yaml, which is not below it",
    HEAD + "resources: [none]\n": "u/none is not there",
    HEAD + "components: [../b]\n": "b/kustomization.yaml is not a Component",
    HEAD + "resources: [../c]\n": "c/kustomization.yaml is not a Kustomization",
    HEAD + "components: [../none]\n": "none is not there",
    HEAD + "patches: [a]\n": "u: a patch without path and target alone",
    HEAD + "patches: [{path: p.yaml}]\n": "u: a patch without path and target alone",
    HEAD + "patches: [{patch: 'a', target: {kind: A}}]\n": "u: a patch without path and target alone",
    HEAD + "patches: [{path: p.yaml, target: {kind: A}, options: {allowKindChange: true}}]\n": "u: options of a patch",
    HEAD + "patches: [{path: p.yaml, target: {kind: A}, options: [a]}]\n": "u: options of a patch",
    HEAD + "patches: [{target: {kind: A}}]\n": "u refers to None",
    HEAD + "patches: [{path: ../x.yaml, target: {kind: A}}]\n": "u refers to the file x.yaml, which is not below it",
    HEAD + "patches: [{path: none.yaml, target: {kind: A}}]\n": "u/none.yaml is not there",
    HEAD + "patches: [{path: two.yaml, target: {kind: A}}]\n": "u/two.yaml is not one document",
    HEAD + "patches: [{path: p.yaml, target: a}]\n": "a patch's target: 'a'",
    HEAD + "patches: [{path: p.yaml, target: {kind: A, annotationSelector: a}}]\n": "a patch's target: {'kind': 'A', 'annotationSelector': 'a'}",
    HEAD + "patches: [{path: p.yaml, target: {name: 'a[b]'}}]\n": "a patch's target: 'a[b]'",
    HEAD + "patches: [{path: p.yaml, target: {name: 1}}]\n": "a patch's target: 1",
    HEAD + "patches: [{path: p.yaml, target: {labelSelector: 'a!=b'}}]\n": "a label selector: a!=b",
    HEAD + "patches: [{path: p.yaml, target: {labelSelector: 'a=b,a=c'}}]\n": "a label selector: a=b,a=c",
    HEAD + "patches: [{path: p.yaml, target: {labelSelector: [a]}}]\n": "a label selector: ['a']",
    HEAD + "resources: [\n": "not YAML: ",
}  # fmt: skip
OBJECTS: dict[str, str] = {
    "[]": "u/a.yaml is not a Kubernetes object",
    "a: 1": "u/a.yaml is not a Kubernetes object",
    "{apiVersion: v1, kind: A, metadata: []}": "u/a.yaml is not a Kubernetes object",
    "{kind: A, metadata: {name: a}}": "u/a.yaml lacks apiVersion, kind or metadata.name",
    "{apiVersion: v1, metadata: {name: a}}": "u/a.yaml lacks apiVersion, kind or metadata.name",
    "{apiVersion: v1, kind: A, metadata: {}}": "u/a.yaml lacks apiVersion, kind or metadata.name",
    "{apiVersion: v1, kind: AList, metadata: {name: a}}": "u/a.yaml is a AList",
    "{apiVersion: v1, kind: A, metadata: {name: a, annotations: [a]}}": "u/a.yaml: metadata.annotations is not a map of text",
    "{apiVersion: v1, kind: A, metadata: {name: a, annotations: {a: 1}}}": "u/a.yaml: metadata.annotations is not a map of text",
    "{apiVersion: v1, kind: A, metadata: {name: a, annotations: {config.kubernetes.io/x: a}}}": "u/a.yaml has annotations that kustomize reads",
    "{apiVersion: v1, kind: A, metadata: {name: a, annotations: {config.k8s.io/x: a}}}": "u/a.yaml has annotations that kustomize reads",
    "{apiVersion: v1, kind: CustomResourceDefinition, metadata: {name: a}}": "the namespace of a CustomResourceDefinition of v1",
    "{apiVersion: rbac.authorization.k8s.io/v1beta1, kind: ClusterRole, metadata: {name: a}}":
        "the namespace of a ClusterRole of rbac.authorization.k8s.io/v1beta1",
    "{apiVersion: a/v1, kind: RoleBinding, metadata: {name: a}, subjects: a}": "subjects of a role binding without names",
    "{apiVersion: a/v1, kind: RoleBinding, metadata: {name: a}, subjects: [{kind: A}]}": "subjects of a role binding without names",
    "{apiVersion: a/v1, kind: RoleBinding, metadata: {name: a}, subjects: [a]}": "subjects of a role binding without names",
}  # fmt: skip


def refused(tree: dict[str, str]) -> Unsupported:
    with pytest.raises(Unsupported) as caught:
        build(tree.get, "u")
    return caught.value


@pytest.mark.parametrize("text", UNITS)
def test_a_kustomization_that_is_not_of_our_making(text: str) -> None:
    error = refused({**TREE, "u/two.yaml": TREE["u/p.yaml"] + "---\n" + TREE["x.yaml"], "u/kustomization.yaml": text})
    assert str(error).startswith(UNITS[text])
    assert isinstance(error, Missing) is str(error).endswith(" is not there")
    assert not isinstance(error, Missing) or str(error) == f"{error.path} is not there"


@pytest.mark.parametrize("text", OBJECTS)
def test_an_object_that_kustomize_treats_in_a_way_of_its_own(text: str) -> None:
    unit = HEAD + "resources: [a.yaml]\nnamespace: n\n"
    assert str(refused({**TREE, "u/kustomization.yaml": unit, "u/a.yaml": text})) == OBJECTS[text]


def test_a_field_without_a_value_is_none() -> None:
    unit = HEAD + "resources: [a.yaml]\nnamespace:\ncomponents: null\npatches: ~\n"
    [built] = build({**TREE, "u/kustomization.yaml": unit}.get, "u")
    assert built["metadata"] == {"name": "a"}


RENAME = "{path: p.yaml, target: {kind: %s}, options: {allowNameChange: true}}"


def test_a_former_name_is_followed_by_kustomize_alone() -> None:
    names = {"ServiceAccount": "serviceAccountName: a", "ConfigMap": "volumes: [{configMap: {name: a}}]"}
    for kind, spec in names.items():
        tree = {
            "u/kustomization.yaml": HEAD + f"resources: [a.yaml, d.yaml]\npatches: [{RENAME % kind}]\n",
            "u/a.yaml": f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n",
            "u/p.yaml": f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: b}}\n",
            "u/d.yaml": f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{template: {{spec: {{{spec}}}}}}}\n",
        }
        assert str(refused(tree)) == f"a reference to a {kind} by the name it had before it was renamed"
        now = tree | {"u/d.yaml": tree["u/d.yaml"].replace(": a", ": b")}
        assert [each["metadata"]["name"] for each in build(now.get, "u")] == ["b", "d"]


SELECTED: dict[str, bool] = {
    "{kind: A}": True, "{kind: B}": False, "{kind: A, name: a}": True, "{name: b}": False, "{version: v1}": True, "{group: g}": True,
    "{group: h}": False, "{version: v2}": False, "{labelSelector: 'l=x'}": True, "{labelSelector: 'l==x, m = y'}": True,
    "{labelSelector: 'l=y'}": False, "{labelSelector: 'l=x,n=z'}": False, "{kind: A, labelSelector: 'l=y'}": False, "{}": True,
}  # fmt: skip


@pytest.mark.parametrize("target", SELECTED)
def test_which_objects_a_patch_is_for(target: str) -> None:
    tree = {
        "u/kustomization.yaml": HEAD + f"resources: [a.yaml]\npatches: [{{path: p.yaml, target: {target}}}]\n",
        "u/a.yaml": "apiVersion: g/v1\nkind: A\nmetadata: {name: a, labels: {l: x, m: y}}\n",
        "u/p.yaml": "apiVersion: g/v1\nkind: A\nmetadata: {name: other, namespace: n}\nspec: {new: 1}\n",
    }
    [built] = build(tree.get, "u")
    assert ("spec" in built) is SELECTED[target]
    assert built["metadata"] == {"name": "a", "labels": {"l": "x", "m": "y"}}, "without `allowNameChange`"


def test_a_patch_deletes_the_object_that_it_is_for() -> None:
    tree = {
        "u/kustomization.yaml": HEAD + "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: A}}]\n",
        "u/a.yaml": TREE["u/a.yaml"] + "---\n" + TREE["u/a.yaml"].replace("kind: A", "kind: B"),
        "u/p.yaml": TREE["u/p.yaml"] + "$patch: delete\n",
    }
    assert [each["kind"] for each in build(tree.get, "u")] == ["B"]


@pytest.mark.parametrize(
    "patch", [{"kind": "B"}, {"apiVersion": "v2"}, {"apiVersion": "v1", "kind": "B"}, {"apiVersion": "v2", "kind": "A"}]
)
def test_a_patch_of_another_kind_than_its_target(patch: dict[str, str]) -> None:
    with pytest.raises(Unsupported, match="the patch is of another kind than its target"):
        merge_patch({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}, patch)


@pytest.mark.parametrize("patch", [{}, {"kind": "A"}, {"apiVersion": "v1"}, {"apiVersion": "v1", "kind": "A"}])
def test_a_patch_need_not_say_its_kind(patch: dict[str, str]) -> None:
    target = {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "spec": {"a": 1}}
    assert merge_patch(target, {**patch, "spec": {"b": 2}}) == {**target, "spec": {"a": 1, "b": 2}}
