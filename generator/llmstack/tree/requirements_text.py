"""The text of REQUIREMENTS.md, as a Jinja2 template. Its lines are the page's, so they are as long as those."""
# ruff: noqa: E501

PAGE = """\
# What the cluster needs for `{{ environment }}`

{% if gitops.create_namespace %}
The namespace `{{ gitops.namespace }}` is written with the stack. Everything below is not.
{% else %}
Namespace: `{{ gitops.namespace }}`. It must be there: `kubectl create namespace {{ gitops.namespace }}`.
{% endif %}

## Secrets

{% if secrets %}
{% if gitops.secrets.backend == "external-secrets" %}
The External Secrets Operator fetches them; `{{ gitops.secrets.store_kind or "ClusterSecretStore" }}/{{ gitops.secrets.store }}` must be there.

{% elif gitops.secrets.backend == "sops" %}
They stand in secrets/, encrypted with SOPS. Whoever decrypts needs an age key of a recipient; encrypting needs none.

{% elif gitops.secrets.backend == "sealed-secrets" %}
They stand in secrets/, sealed with the controller's certificate, each for its name in this namespace.

{% endif %}
| Secret | keys | read by | how it comes |
|---|---|---|---|
{% for secret in secrets %}
| `{{ secret.name }}` | {{ secret.keys }} | {{ secret.readers }} | {{ secret.state }} |
{% endfor %}
{% if secrets | selectattr("commands") | list %}

```sh
{% for secret in secrets %}
{% for command in secret.commands %}
{{ command }}
{% endfor %}
{% endfor %}
```
{% endif %}
{% else %}
None.
{% endif %}

## Operators and their CRDs

{% if needs.operators %}
| what | for |
|---|---|
{% for what, kinds in needs.operators %}
| {{ what }} | {{ kinds | join(", ") }} |
{% endfor %}
{% else %}
None.
{% endif %}

## GPUs

{% if needs.gpus or gitops.capacity %}
{% if needs.gpus %}
Nodes that have {% for resource in needs.gpus %}`{{ resource }}`{{ ", " if not loop.last }}{% endfor %}, as a device plugin (or operator) of the GPUs' vendor reports them.
{% endif %}
{% if gitops.capacity %}

| pool | GPUs | on nodes with |
|---|---|---|
{% for pool in gitops.capacity %}
| `{{ pool.pool }}` | {{ pool.count }} `{{ pool.resource }}`{% if pool.per_node %}, {{ pool.per_node }} a node{% endif %} | {% for key, value in (pool.node_selector or {}).items() %}`{{ key }}: {{ value }}` {% else %}any {% endfor %}|
{% endfor %}
{% endif %}
{% else %}
None.
{% endif %}

## Other objects

{% if needs.named or needs.default_class %}
| kind | names |
|---|---|
{% for kind, names in needs.named.items() %}
| {{ kind }} | {% for name in names %}`{{ name }}`{{ ", " if not loop.last }}{% endfor %} |
{% endfor %}
{% if needs.default_class %}
| StorageClass | a default one (`storageclass.kubernetes.io/is-default-class`) |
{% endif %}
{% else %}
None.
{% endif %}
{% if gitops.sync.tool == "flux" %}

## Flux

- clusters/{{ gitops.sync.cluster }}/ is what Flux is pointed at (`flux bootstrap … --path=clusters/{{ gitops.sync.cluster }}`).
{% if gitops.sync.secret_name or gitops.sync.repo_url.startswith("ssh://") %}
- Secret `{{ gitops.sync.secret_name or flux_secret }}` in flux-system, with credentials for `{{ gitops.sync.repo_url }}`. `flux bootstrap` makes `{{ flux_secret }}`; another: `flux create secret git NAME --url=URL`.
{% endif %}
{% if gitops.sync.source == "artifact" %}
- source-watcher (`--components-extra=source-watcher`), and `--feature-gates=ExternalArtifact=true` on kustomize-controller.
{% endif %}
{% if gitops.secrets.backend == "sops" %}
- The age key: `kubectl -n flux-system create secret generic {{ age_secret }} --from-file=age.agekey=FILE`.
{% endif %}
{% elif gitops.sync.tool == "argo" %}

## Argo CD

- Access to `{{ gitops.sync.repo_url }}` (`argocd repo add`), in the cluster it deploys to.
- The entry point, once: `kubectl apply -f clusters/{{ gitops.sync.cluster }}/{{ environment }}/application.yaml`.
- Resource tracking by annotation, which is Argo CD 3's default: tracking by label would overwrite `app.kubernetes.io/instance`.
{% endif %}
{% if gitops.selectors != "llmstack" %}

## The Helm release `{{ gitops.release }}`

Deployments keep its selectors, so that it is taken over without restarting a pod. docs/adopt.md of llmstack has each step's way back.

1. **Hold what runs.** `helm -n {{ gitops.namespace }} get manifest {{ gitops.release }} | llmstack adopt {{ environment }} --manifest - --write` (of an Application, which has no record of Helm's: `kubectl -n {{ gitops.namespace }} get deploy,svc,pvc,cm,pdb,sa,role,rolebinding -o yaml`), then `llmstack gen {{ environment }}`, and commit.
2. **Stop what would write.** No `helm upgrade`; a HelmRelease: `flux -n {{ gitops.namespace }} suspend helmrelease {{ gitops.release }}`, and in Git; an Application: `argocd app set {{ gitops.release }} --sync-policy none`.
3. **Hand over.** {% if gitops.sync.tool == "flux" %}`--override-manager=helm` and `--override-manager=helm-controller` on kustomize-controller, before it applies; or each{% else %}Each{% endif %} Deployment by itself: `kubectl -n {{ gitops.namespace }} delete deployment NAME --cascade=orphan`, and apply at once: its pods stay. Then the block of docs/adopt.md takes Helm's share of Services and RayClusters away.
4. **Remove Helm's record, not its objects**: never `helm uninstall`. `kubectl -n {{ gitops.namespace }} delete secret -l owner=helm,name={{ gitops.release }}`; a suspended HelmRelease: `kubectl -n {{ gitops.namespace }} delete helmrelease {{ gitops.release }}` (it then uninstalls nothing); an Application: `argocd app delete {{ gitops.release }} --cascade=false`. Save it first (`kubectl get … -o yaml`): that is the way back.
5. **Let go, one model at a time.** Remove its folder under custom/{{ environment }}/, `llmstack gen {{ environment }}`; `llmstack diff` says what restarts.
{% endif %}
{% for move in moves %}

## `{{ move.former }}` is now `{{ move.name }}`

{% if move.claim %}
The claim `{{ move.claim }}` keeps its name, and the weights in it.

1. **Keep.** The claim in the cluster must carry both annotations, so that it stays when the old unit goes. llmstack wrote them; for a claim of another origin:
   `kubectl -n {{ gitops.namespace }} annotate pvc {{ move.claim }} kustomize.toolkit.fluxcd.io/prune=disabled argocd.argoproj.io/sync-options=Prune=false,Delete=false`
2. **Adopt.** Merge the rename. The unit models/{{ move.name }} states the claim `{{ move.claim }}`, and its pods mount it.
3. **Remove.** The unit models/{{ move.former }} is gone from Git, and the sync tool removes its objects, but not the claim.{% if gitops.sync.tool == "none" %} Without one: `kubectl -n {{ gitops.namespace }} delete {{ move.leaves | join(" ") }}`.{% endif %}


{% if move.exclusive %}
The claim can be mounted on one node only: new pods on another node wait until the old ones have ended.
{% endif %}
Leave `movedFrom: {{ move.former }}` in the values for as long as the model uses this claim, through later renames too. Without it the model gets an empty claim of its own name.
{% else %}
The model has no claim of its own: there is nothing to keep. The sync tool adds models/{{ move.name }} and removes models/{{ move.former }}.
{% endif %}

What restarts: every pod of the model. Its workload has a new name and selector, so old and new pods are up side by side for a while and need GPUs for both; each new pod loads the weights again{% if move.load_time %} ({{ move.load_time }}){% endif %}. The Service has a new name: clients that use it directly must change. The router finds the new pods by their labels; it restarts only where its arguments name the model (static discovery).
{% endfor %}
"""
