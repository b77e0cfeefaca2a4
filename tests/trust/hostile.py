"""Files of a megabyte that are made to cost much, and what a command on them costs: processor time and memory.

`python -m tests.trust.hostile [WORD…] [--command lint]` measures the kinds whose name holds a word, and prints a table;
`test_hostile_files.py` holds some of them to the bounds that SECURITY.md promises.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from llmstack.flags.lint import MOST as MOST_ARGUMENTS
from llmstack.values.reader import MAX_ENTRIES

MEBIBYTE = 1 << 20
PAD = "a" * 40
"""What makes words long."""
CUSTOM = MEBIBYTE - (1 << 12)
"""How much goes into a file of custom/: a larger one than a mebibyte is not read at all."""
SECONDS = 10
"""How much processor time a command may take on a hostile file of a mebibyte, its children's with it, on a machine that
takes a second to copy COPIED."""
COPIED = 100_000
"""How many small maps `copy.deepcopy` copies in about a second of a usual processor; a slow or busy one takes longer."""
MEMORY = 500
"""How many mebibytes the largest of its processes may hold."""
COMMANDS = ("lint", "gen", "diff", "validate", "migrate")
MODEL = (
    "servingEngineSpec:\n  modelSpec:\n    - {name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: facebook/opt-125m, "
    "requestCPU: 1, requestMemory: 2Gi, requestGPU: 1"
)
HONEST = f"{MODEL}}}\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../../../../overlays/prod/models/m\n"
HERE = "custom/prod/models/m"

Files = dict[str, str]


def fill(before: str, each: Callable[[int], str], after: str = "", size: int = MEBIBYTE) -> str:
    """A text of about `size` bytes: as many parts between two ends as there is room for."""
    parts, length = [], len(before) + len(after)
    for number in count():
        part = each(number)
        length += len(part)
        if length > size:
            return before + "".join(parts) + after
        parts.append(part)
    raise AssertionError


def values(before: str, each: Callable[[int], str], after: str = "") -> Files:
    """Values with as many items of one list or map as may be in a mebibyte, with blanks behind each that is short: more
    are refused at once."""
    least = MEBIBYTE // (MOST_ARGUMENTS if before.endswith("extraArgs: [") else MAX_ENTRIES) + 1

    def spaced(number: int) -> str:
        part = each(number)
        items = 1 if part.startswith("{") else part.count(", ")
        return part.ljust(least * items) if part.endswith(", ") else part

    return {"values/prod.yaml": fill(before, spaced, after)}


def of_model(start: str, each: Callable[[int], str], close: str = "]") -> Files:
    """Values whose one model has a key with a list, a map or a text of a megabyte."""
    return values(f"{MODEL}, {start}", each, f"{close}}}\n")


def of_stack(before: str, each: Callable[[int], str], after: str) -> Files:
    """Honest models, and something of a megabyte beside them."""
    return values(f"{HONEST}{before}", each, f"{after}\n")


def of_custom(before: str, each: Callable[[int], str], after: str = "") -> Files:
    """An honest environment whose unit people have laid a kustomization over."""
    return {"values/prod.yaml": HONEST, f"{HERE}/kustomization.yaml": KUSTOMIZATION + fill(before, each, after, CUSTOM)}


def object_in_custom(before: str, each: Callable[[int], str], after: str = "") -> Files:
    return of_custom("- x.yaml\n", lambda _: " " * CUSTOM) | {f"{HERE}/x.yaml": fill(before, each, after)}


def patch_in_custom(before: str, each: Callable[[int], str], after: str = "") -> Files:
    return of_custom("patches:\n- path: x.yaml\n", lambda _: " " * CUSTOM) | {
        f"{HERE}/x.yaml": fill(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: llmstack-m-deployment-vllm}\n" + before,
            each,
            after,
        )
    }


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x%s}\n"
QUOTA = (
    "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x%s}\nspec: {hard: {pods: 1, count/resourcequotas: 1}%s}\n"
)
SCOPE = ", scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [a%s]}]}"
PRIORITY = "apiVersion: v1\nkind: Pod\nmetadata: {name: x%s}\nspec: {priorityClassName: a%s, containers: [{name: a, image: b}]}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x%s}\nspec: {containers: [{name: a, image: b}]}\n"
RAY = (
    "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {name: x%s}\n"
    "spec: {headGroupSpec: {template: {spec: {containers: [{name: a, image: b}]}}}}\n"
)
APART = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x%s}\nspec: {replicas: 3, template: {metadata: {labels: {a: b}}, spec: {containers: "
    "[{name: a, image: b, resources: {limits: {nvidia.com/gpu: 1}}}], affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
    "[{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {a: b}}}]}}}}}\n"
)
OWNER = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: llmstack-prod-m, namespace: flux-system}\nspec: {path: ./overlays/prod/models/m, interval: 10m, prune: true, sourceRef: {kind: GitRepository, name: llmstack}, "
FLUX = f"{HONEST}gitops: {{sync: {{tool: flux, cluster: c, repoURL: 'https://a.example/b.git'}}}}\n"
KINDS: dict[str, Callable[[], Files]] = {
    "errors": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda _: "    - {name: m, replicaCount: x}\n"),
    "errors of one model": lambda: of_model("env: [", lambda n: f"{{name: E{n}, valu: {PAD}}}, "),
    "short errors": lambda: values("servingEngineSpec:\n  modelSpec: [", lambda _: "{a: }, ", "]\n"),
    "unknown keys": lambda: values("", lambda n: f"k{n}:\n"),
    "unknown keys of a model": lambda: values(f"{MODEL}, ", lambda n: f"k{n}: , ", "}\n"),
    "unknown keys of models": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda n: f"    - {{name: m{n}, " + "".join(f"k{k}: 1, " for k in range(60)) + "}\n"),
    "nearly known keys": lambda: values(f"{MODEL}, vllmConfig: {{", lambda n: f"maxNumSeq{n}: 1, ", "}}\n"),
    "long unknown keys": lambda: values("", lambda n: f"{'k' * 900}{n}: 1\n"),
    "one unknown key": lambda: values("? ", lambda _: "k" * 1000, "\n: 1\n"),
    "models of one name": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda _: f"    - {{name: m, x: {PAD}}}\n"),
    "tiny models": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda n: f"    - {{name: m{n}}}\n"),
    "empty models": lambda: values("servingEngineSpec:\n  modelSpec: [", lambda n: "{}, ", "]\n"),
    "models that are none": lambda: values("servingEngineSpec:\n  modelSpec: [", lambda n: "1, ", "]\n"),
    "whole models": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda n: MODEL.rpartition("\n")[2].replace("name: m", f"name: m{n}") + "}\n"),
    "whole models without GPUs": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda n: f"    - {{name: m{n}, repository: a, tag: b, modelURL: c, requestCPU: 1, requestMemory: 2Gi}}\n"),
    "variables": lambda: of_model("env: [", lambda n: f"{{name: E{n}, value: a}}, "),
    "variables that name each other": lambda: of_model("env: [", lambda n: f"{{name: E{n}, value: $(E{n + 1})}}, "),
    "variables of one name": lambda: of_model("env: [", lambda n: "{name: E, value: a}, "),
    "arguments": lambda: of_model("vllmConfig: {extraArgs: [", lambda n: f"--served-model-name, a{n}, ", "]}"),
    "flags of one name": lambda: of_model("vllmConfig: {extraArgs: [", lambda n: "--max-num-seqs, '1', ", "]}"),
    "unknown flags": lambda: of_model("vllmConfig: {extraArgs: [", lambda n: f"--max-num-seqz{n}, ", "]}"),
    "positional arguments": lambda: of_model("vllmConfig: {extraArgs: [", lambda n: "a, ", "]}"),
    "one long flag": lambda: of_model("vllmConfig: {extraArgs: [--", lambda n: "max-num-seqs-" * 100, "]}"),
    "JSON paths in flags": lambda: of_model("vllmConfig: {extraArgs: [", lambda n: f"--kv-transfer-config.a{n}, '1', ", "]}"),
    "tolerations": lambda: of_model("tolerations: [", lambda n: f"{{key: k{n}, operator: Exists}}, "),
    "tolerations of one kind": lambda: of_model("tolerations: [", lambda n: "{operator: Exists}, "),
    "labels": lambda: of_model("labels: {", lambda n: f"k{n}: v, ", "}"),
    "selectors": lambda: of_model("nodeSelectorTerms: [{matchExpressions: [", lambda n: f"{{key: k{n}, operator: In, values: [a]}}, ", "]}]"),
    "terms": lambda: of_model("nodeSelectorTerms: [", lambda n: f"{{matchExpressions: [{{key: k{n}, operator: Exists}}]}}, "),
    "volumes": lambda: of_model("extraVolumes: [", lambda n: f"{{name: v{n}, emptyDir: {{}}}}, "),
    "ports": lambda: of_model("extraPorts: [", lambda n: f"{{name: p{n}, containerPort: {n % 65000 + 1}}}, "),
    "containers": lambda: of_model("initContainer: [", lambda n: f"{{name: c{n}, image: a:b}}, "),
    "adapters": lambda: values(f"{MODEL}, enableLoRA: true}}\nloraAdapters: [", lambda n: f"{{name: a{n}, baseModel: m}}, ", "]\n"),
    "a Kubernetes block of unknown keys": lambda: of_model("extraVolumes: [{name: v, hostPath: {", lambda n: f"k{n}: 1, ", "}}]"),
    "pools": lambda: of_stack("gitops: {capacity: [", lambda n: f"{{pool: p{n}, count: 1, nodeSelector: {{a: b{n}}}}}, ", "]}"),
    "pools of one selector": lambda: of_stack("gitops: {capacity: [", lambda n: f"{{pool: p{n}, count: 1, nodeSelector: {{a: b}}}}, ", "]}"),
    "pools of one name": lambda: of_stack("gitops: {capacity: [", lambda n: "{pool: p, count: 1}, ", "]}"),
    "acknowledgements": lambda: of_stack("gitops: {acknowledge: [", lambda n: f"{{risk: restart, object: x{n}, reason: {PAD}}}, ", "]}"),
    "patterns of acknowledgements": lambda: of_stack("gitops: {acknowledge: [", lambda n: f"{{risk: restart, object: '{'*a' * 40}{n}', reason: r}}, ", "]}"),
    "checks": lambda: of_stack("gitops: {checks: {", lambda n: f"mutable-tag{n}: off, ", "}}"),
    "existing secrets": lambda: of_stack("gitops: {existing: {secrets: {", lambda n: f"s{n}: [a], ", "}}}"),
    "recipients": lambda: of_stack("gitops: {secrets: {backend: sops, age: [", lambda n: f"age1{n}, ", "]}}"),
    "hosts": lambda: of_stack("routerSpec: {ingress: {enabled: true, hosts: [", lambda n: f"{{host: a{n}.{PAD}}}, ", "]}}"),
    "hosts of one name": lambda: of_stack("routerSpec: {ingress: {enabled: true, hosts: [", lambda n: "{host: a.b}, ", "]}}"),
    "labels of the router": lambda: of_stack("routerSpec: {labels: {", lambda n: f"k{n}-{PAD}: abcd, ", "}}"),
    "paths": lambda: of_stack("routerSpec: {ingress: {enabled: true, hosts: [{host: a.b, paths: [", lambda n: f"{{path: /{n}, pathType: Prefix}}, ", "]}]}}"),
    "static backends": lambda: of_stack("routerSpec: {serviceDiscovery: static, staticBackends: '", lambda n: f"http://a{n}:80,", "'}"),
    "arguments of the router": lambda: of_stack("routerSpec: {extraArgs: [", lambda n: f"--k8s-label-selector, a{n}, ", "]}"),
    "sections of other charts": lambda: of_stack("kube-prometheus-stack: {", lambda n: f"adminPassword{n}: {PAD}, ", "}"),
    "secrets": lambda: of_stack("kube-prometheus-stack: {", lambda n: f"k{n}: {{adminPassword: hunter{n}{PAD}}}, ", "}"),
    "tokens": lambda: of_model("env: [", lambda n: f"{{name: HF_TOKEN, value: hf_{n:034}}}, "),
    "left alone": lambda: of_stack("x-a: {", lambda n: f"k{n}: , ", "}"),
    "ignored checks": lambda: values(HONEST, lambda n: "# llmstack: ignore[mutable-tag] x\n"),
    "comments": lambda: values(HONEST, lambda n: "#\n"),
    "comments with secrets": lambda: values(HONEST, lambda n: f"# token: abc123def{n}\n"),
    "a comment": lambda: values(f"{HONEST}# ", lambda n: "a: b "),
    "blank lines": lambda: values(HONEST, lambda n: "\n"),
    "tabs": lambda: values(HONEST, lambda n: "\t"),
    "spaces": lambda: values(f"{HONEST}x-a:", lambda n: " ", "1\n"),
    "a long word": lambda: of_model("annotations: {a: '", lambda n: "a.", "'}"),
    "a long text of names": lambda: of_model("annotations: {a: '", lambda n: "token= ", "'}"),
    "a long text of URLs": lambda: of_model("annotations: {a: '", lambda n: "http://a:@", "'}"),
    "a long text of dollars": lambda: of_model("env: [{name: A, value: '", lambda n: "$(", "'}]"),
    "a long text of quotes": lambda: of_model("env: [{name: A, value: \"", lambda n: "\\\"'", "\"}]"),
    "a long text of base64": lambda: of_model("env: [{name: A, value: '", lambda n: "aGVsbG8", "'}]"),
    "a long text of lines": lambda: of_model('chatTemplate: "', lambda n: "a\\n", '"'),
    "a long template": lambda: of_model("chatTemplate: '", lambda n: "{{ {% ", "'"),
    "a long command": lambda: of_model("command: [sh, -c, '", lambda n: "export A=b; ", "']"),
    "a long argument": lambda: of_model("vllmConfig: {extraArgs: [--api-key, '", lambda n: "a", "']}"),
    "a long image": lambda: {"values/prod.yaml": HONEST.replace("vllm/vllm-openai", "a/" * (MEBIBYTE // 2))},
    "a long name": lambda: {"values/prod.yaml": HONEST.replace("name: m,", f"name: {'a' * MEBIBYTE},")},
    "a long quantity": lambda: {"values/prod.yaml": HONEST.replace("2Gi", "9" * MEBIBYTE + "Gi")},
    "a long number": lambda: {"values/prod.yaml": HONEST.replace("requestGPU: 1", f"requestGPU: {'9' * MEBIBYTE}")},
    "numbers": lambda: of_stack("x-a: [", lambda n: "0x1f, 1_0, 1:2, 1e9, ", "]"),
    "many replicas": lambda: {"values/prod.yaml": HONEST.replace("requestGPU: 1", "requestGPU: 1, replicaCount: 2147483647")},
    "many replicas of models": lambda: values("servingEngineSpec:\n  modelSpec:\n", lambda n: MODEL.rpartition("\n")[2].replace("name: m", f"name: m{n}") + ", replicaCount: 2147483647}\n"),
    "many workers": lambda: {"values/prod.yaml": HONEST.replace("requestGPU: 1", "requestGPU: 1, vllmConfig: {tensorParallelSize: 2147483647}, lmcacheConfig: {enabled: true, enableController: true, enableNixl: true, nixlRole: receiver}") + "routerSpec: {routingLogic: kvaware}\n"},
    "a large pool": lambda: {"values/prod.yaml": f"{HONEST}gitops: {{capacity: [{{pool: p, count: 2147483647, perNode: 1, resource: nvidia.com/gpu}}]}}\n"},
    "deep maps": lambda: of_stack("x-a: ", lambda n: "{a: ", ""),
    "deep lists": lambda: values("", lambda n: "["),
    "deep blocks": lambda: {"values/prod.yaml": fill("", lambda n: f"{' ' * n}a:\n")},
    "deep JSON": lambda: of_model("vllmConfig: {extraArgs: [--kv-transfer-config, '", lambda n: '{"a":', "']}"),
    "wide JSON": lambda: {"values/prod.yaml": f"{MODEL}, vllmConfig: {{extraArgs: [--kv-transfer-config, '{json.dumps({f'k{n}': 1 for n in range(80_000)})}']}}}}\n"},
    "anchors": lambda: of_stack("x-a: [", lambda n: f"&a{n} 1, ", "]"),
    "aliases": lambda: of_stack("x-b: &b {a: 1}\nx-a: [", lambda n: "*b, ", "]"),
    "a bomb of aliases": lambda: of_stack("x-0: &a0 [a, a]\n", lambda n: f"x-{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n", ""),
    "merge keys": lambda: of_stack("x-b: &b {a: 1}\n", lambda n: f"x-{n}: {{<<: *b}}\n", ""),
    "tags": lambda: of_stack("x-a: [", lambda n: "!!str a, ", "]"),
    "several documents": lambda: values(HONEST, lambda n: "---\na: 1\n"),
    "conflict markers": lambda: values("a: 1\n", lambda n: "<<<<<<< x\n"),
    "control characters": lambda: values("a: '", lambda n: "\x01", "'\n"),
    "letters of other scripts": lambda: of_model("labels: {", lambda n: f"ключ{n}: зн, ", "}"),
    "emoji": lambda: of_model("annotations: {a: '", lambda n: "\U0001f600\u0301", "'}"),
    "not closed": lambda: values("a: '", lambda n: "a\n"),
    "documents in custom/": lambda: object_in_custom("", lambda n: CONFIG % n + "---\n"),
    "empty documents in custom/": lambda: object_in_custom(CONFIG % "", lambda n: "---\n"),
    "documents of one name in custom/": lambda: object_in_custom("", lambda n: CONFIG % "" + "---\n"),
    "keys in custom/": lambda: object_in_custom(CONFIG % "" + "data: {", lambda n: f"k{n}: a, ", "}\n"),
    "keys without values in custom/": lambda: object_in_custom(CONFIG % "" + "data: {", lambda n: f"k{n}, ", "}\n"),
    "an annotation in custom/": lambda: object_in_custom("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {a: '", lambda n: "a" * 100, "'}}\n"),
    "aliases in custom/": lambda: object_in_custom(CONFIG % "" + "data: {a: &b c, ", lambda n: f"k{n}: *b, ", "}\n"),
    "depth in custom/": lambda: object_in_custom(CONFIG % "" + "data: ", lambda n: "{a: "),
    "containers in custom/": lambda: patch_in_custom("spec: {template: {spec: {containers: [", lambda n: f"{{name: c{n}, image: a}}, ", "]}}}\n"),
    "variables in custom/": lambda: patch_in_custom("spec: {template: {spec: {containers: [{name: vllm, env: [", lambda n: f"{{name: E{n}, value: a}}, ", "]}]}}}\n"),
    "labels in custom/": lambda: patch_in_custom("spec: {template: {metadata: {labels: {", lambda n: f"k{n}: a, ", "}}}}\n"),
    "replicas in custom/": lambda: patch_in_custom("spec: {replicas: 2147483647}\n#", lambda n: "a"),
    "removed containers in custom/": lambda: patch_in_custom("spec: {template: {spec: {containers: [", lambda n: f"{{name: c{n}, $patch: delete}}, ", "]}}}\n"),
    "ports of a Service in custom/": lambda: object_in_custom("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [", lambda n: f"{{name: p{n}, port: {n % 65000 + 1}}}, ", "]}\n"),
    "quotas in custom/": lambda: object_in_custom("", lambda n: QUOTA % (n, "") + "---\n"),
    "quotas of scopes in custom/": lambda: object_in_custom("", lambda n: (QUOTA % (n, SCOPE % n) if n % 2 else PRIORITY % (n, n)) + "---\n"),
    "Pods in custom/": lambda: object_in_custom("", lambda n: POD % n + "---\n"),
    "RayClusters in custom/": lambda: object_in_custom("", lambda n: RAY % n + "---\n"),
    "pods kept apart in custom/": lambda: object_in_custom("", lambda n: (APART % n) + "---\n") | {"values/prod.yaml": f"{HONEST}gitops: {{capacity: [{{pool: p, count: 4, perNode: 4}}]}}\n"},
    "copies that double": lambda: of_custom("patches:\n- target: {kind: Deployment}\n  patch: '[", lambda n: f'{{"op":"copy","from":"/metadata","path":"/metadata/a{n}"}},' if n < 30 else " " * 1000, '{"op":"test","path":"/kind","value":"Deployment"}]\'\n'),
    "resources of one name": lambda: of_custom("", lambda n: "- x.yaml\n") | {f"{HERE}/x.yaml": CONFIG % ""},
    "missing resources": lambda: of_custom("", lambda n: f"- x{n}.yaml\n"),
    "remote resources": lambda: of_custom("", lambda n: f"- https://a.b/{n}\n"),
    "patches": lambda: of_custom("patches:\n", lambda n: "- {target: {kind: Deployment}, patch: '[]'}\n"),
    "inline patches": lambda: of_custom("patches:\n", lambda n: f"- {{target: {{kind: Deployment}}, patch: '[{{op: add, path: /metadata/labels/a{n}, value: b}}]'}}\n"),
    "strategic patches": lambda: of_custom("patches:\n", lambda n: f"- patch: '{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: llmstack-m-deployment-vllm, labels: {{a{n}: b}}}}}}'\n"),
    "patterns of targets": lambda: of_custom("patches:\n", lambda n: "- {target: {name: '(a*)*b|" + "(x+x+)+y" * 3 + "'}, patch: '[]'}\n"),
    "a pattern of targets": lambda: of_custom("patches:\n- {target: {name: '", lambda n: "(a?){9}", "'}, patch: '[]'}\n"),
    "replacements": lambda: of_custom("replacements:\n", lambda n: "- {source: {kind: Deployment, fieldPath: metadata.name}, targets: [{select: {kind: Deployment}, fieldPaths: [metadata.name]}]}\n"),
    "images in custom/": lambda: of_custom("images:\n", lambda n: f"- {{name: a{n}, newTag: b}}\n"),
    "labels of a kustomization": lambda: of_custom("labels:\n", lambda n: f"- {{pairs: {{a{n}: b}}}}\n"),
    "literals": lambda: of_custom("configMapGenerator:\n- name: x\n  literals:\n", lambda n: f"  - a{n}=b\n"),
    "generators": lambda: of_custom("configMapGenerator:\n", lambda n: f"- {{name: x{n}, literals: [a=b]}}\n"),
    "comments in custom/": lambda: of_custom("", lambda n: "#\n"),
    "kustomizations": lambda: {"values/prod.yaml": HONEST, f"{HERE}/kustomization.yaml": KUSTOMIZATION + "".join(f"- a{n}\n" for n in range(3_000))}
    | {f"{HERE}/a{n}/kustomization.yaml": "resources: [x.yaml]\n" for n in range(3_000)} | {f"{HERE}/a{n}/x.yaml": CONFIG % n for n in range(3_000)},
    "a chain of kustomizations": lambda: {"values/prod.yaml": HONEST, f"{HERE}/kustomization.yaml": KUSTOMIZATION + "- a0\n"}
    | {f"{HERE}/a{n}/kustomization.yaml": f"resources: [../a{n + 1}]\n" for n in range(3_000)} | {f"{HERE}/a3000/kustomization.yaml": "resources: []\n"},
    "kustomizations that double": lambda: {"values/prod.yaml": HONEST, f"{HERE}/kustomization.yaml": KUSTOMIZATION + "- a0\n"}
    | {f"{HERE}/a{n}/kustomization.yaml": f"resources: [../a{n + 1}, ../b{n + 1}]\n" for n in range(40)}
    | {f"{HERE}/b{n}/kustomization.yaml": f"resources: [../a{n + 1}, ../b{n + 1}]\n" for n in range(40)}
    | {f"{HERE}/{each}40/kustomization.yaml": "resources: []\n" for each in "ab"},
    "environments": lambda: {f"values/e{n}.yaml": HONEST for n in range(400)},
    "rules of SOPS": lambda: {"values/prod.yaml": HONEST, ".sops.yaml": fill("creation_rules:\n", lambda n: f"- {{path_regex: a{n}, age: age1}}\n")},
    "facts of a cluster": lambda: {"values/prod.yaml": f"{HONEST}gitops: {{sync: {{cluster: c}}}}\n", "facts/clusters/c.yaml": fill("groups:\n", lambda n: f"- {{name: g{n}, nodes: 1}}\n")},
    "facts of a model": lambda: {"values/prod.yaml": HONEST, "facts/models/facebook--opt-125m.yaml": fill("weights:\n", lambda n: f"  k{n}: 1\n")},
    "objects of clusters/": lambda: {"values/prod.yaml": HONEST, "clusters/c/prod/x.yaml": fill("", lambda n: CONFIG % n + "---\n")},
    "files that a source leaves out": lambda: {"values/prod.yaml": FLUX, "clusters/c/x.yaml": fill("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: llmstack, namespace: flux-system}\nspec: {url: 'https://a.example/b.git', ignore: \"", lambda n: f"**/a{n}*/**\\n", '"}\n')},
    "patches of an owner": lambda: {"values/prod.yaml": FLUX, "clusters/c/x.yaml": fill(f"{OWNER}patches: [", lambda n: f"{{patch: '[{{op: add, path: /metadata/labels/a{n}, value: b}}]', target: {{kind: Deployment}}}}, ", "]}\n")},
    "images of an owner": lambda: {"values/prod.yaml": FLUX, "clusters/c/x.yaml": fill(f"{OWNER}images: [", lambda n: f"{{name: a{n}, newTag: b}}, ", "]}\n")},
    "labels of an owner": lambda: {"values/prod.yaml": FLUX, "clusters/c/x.yaml": fill(f"{OWNER}commonMetadata: {{labels: {{", lambda n: f"a{n}: b, ", "}}}\n")},
    "units behind each other": lambda: {"values/prod.yaml": f"{HONEST}gitops: {{sync: {{cluster: c}}}}\n", "clusters/c/x.yaml": fill("", lambda n: f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k{n}, namespace: a}}\nspec: {{path: overlays/prod/models/m, prune: true, dependsOn: [{{name: k{n + 1}}}], sourceRef: {{kind: GitRepository, name: a}}}}\n---\n")},
    "Applications of folders that are not there": lambda: {"values/prod.yaml": HONEST, "docs/a.md": "", "clusters/c/x.yaml": fill("", lambda n: f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a{n}, namespace: argocd}}\nspec: {{project: default, source: {{repoURL: u, path: {('', 'docs/')[n % 2]}p{n}}}, destination: {{namespace: n{n}}}}}\n---\n")},
    "a Flux object for each unit": lambda: {"values/prod.yaml": HONEST, "clusters/c/prod/x.yaml": fill("", lambda n: f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k{n}, namespace: a}}\nspec: {{path: overlays/prod/models/m, prune: true, sourceRef: {{kind: GitRepository, name: a}}}}\n---\n")},
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of processor, mebibytes of its largest process, its exit code."""

    command: str
    seconds: float
    memory: float
    code: int

    def is_too_much(self, pace: float) -> bool:
        """Whether it is beyond the bounds on a machine of such a pace."""
        return self.seconds > SECONDS * pace or self.memory > MEMORY


def find_pace() -> float:
    """How many times as long as a second this machine takes to copy COPIED, busy as it is; never less than one time."""
    maps = [{"a": number, "b": "text", "c": [number, 2, 3]} for number in range(COPIED // 4)]
    began = time.process_time()
    copy.deepcopy(maps)
    return max(1.0, 4 * (time.process_time() - began))


_MEASURE = """
import os, resource, sys
child = os.fork()
if child == 0:
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""Run a command out of a small process: the memory of a process is at the least that of the one it was forked from."""


def measure(command: list[str], folder: Path, environment: dict[str, str], limit: int = 60) -> Cost:
    """Run a command to its end, or until it has taken `limit` seconds of processor."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _MEASURE, str(limit), *command],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    code, seconds, memory = done.stdout.split()
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(command[4], float(seconds), int(memory) / unit, int(code))


def write(folder: Path, files: Files) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def halve(files: Files) -> Files:
    """About half of what is in files: every second one of many, else of each one the documents or lines before its
    middle."""
    if len(files) > 10:
        return dict(list(files.items())[::2])
    return {
        path: text[: _break_before(text, len(text) // 2)] if len(text) > MEBIBYTE // 2 else text
        for path, text in files.items()
    }


def _break_before(text: str, at: int) -> int:
    return text.rindex("\n---\n" if "\n---\n" in text else "\n", 0, at) + 1


def measure_files(files: Files, commands: tuple[str, ...], folder: Path, environment: dict[str, str]) -> list[Cost]:
    """What each command costs in a repository into which these files come on a branch."""

    def run(command: str, *words: str) -> Cost:
        return measure([sys.executable, "-P", "-m", "llmstack.cli", command, *words], folder, environment)

    def git(command: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *command.split()], cwd=folder, check=True)

    write(folder, {"values/prod.yaml": HONEST})
    git("init -q -b main")
    git("add -A")
    git("commit -q -m start")
    write(folder, files)
    costs = [run("gen")]
    git("checkout -q -b pr")
    git("add -A")
    git("commit -q -m hostile")
    words = {"lint": (), "validate": (), "diff": ("main", "HEAD"), "migrate": ("values/prod.yaml",)}
    costs += [run(command, *words[command]) for command in commands if command != "gen"]
    return [cost for cost in costs if cost.command in commands]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="words of the kinds to measure; all without one")
    parser.add_argument(
        "--command", action="append", choices=COMMANDS, help="a command (again for more); all by default"
    )
    options = parser.parse_args()
    environment = os.environ | {"PYTHONPATH": str(Path("generator").absolute())}
    for kind in [kind for kind in KINDS if not options.words or any(word in kind for word in options.words)]:
        with tempfile.TemporaryDirectory(prefix="hostile-") as place:
            costs = measure_files(KINDS[kind](), tuple(options.command or COMMANDS), Path(place), environment)
        pace = find_pace()
        told = "  ".join(
            f"{c.command} {c.seconds:.1f}s {c.memory:.0f}M ={c.code}{' !!' if c.is_too_much(pace) else ''}"
            for c in costs
        )
        print(f"{kind}: {told}  (pace {pace:.1f})", flush=True)


if __name__ == "__main__":
    main()
