"""Something in the cluster may do more than before.

Why it matters: what syncs clusters/ applies every file below it with the rights of the sync tool, usually those of the
whole cluster. A role binding in a pull request about models is a way to become its administrator; a pod with a path of
the host, or code that a model brings, is one to the node and what else runs there.

How it is judged: it is a warning, and an error for cluster-admin and for a role that allows everything. Of a file of
clusters/ that llmstack did not write it tells

- objects of the API group rbac.authorization.k8s.io that it brings or changes;
- pods with an account of their own, or in a namespace that no environment has;
- a Kustomization or an Application that applies what this repository does not hold.

Anywhere in the change it tells of rights

- an AppProject that allows more, settings of Argo CD, a source of Flux that is new or of another place;
- ClusterRoles and what binds one other than `view`, Roles that lead further than they say (to all Secrets of their
  namespace, to pods, to commands in pods, to tokens of accounts, to other users, to more rights, to what the sync tool
  applies), bindings to those and to everybody, whole objects inside others among them;
- webhooks and policies of the API server, of Kyverno and of Gatekeeper (those that go too, and webhooks that convert a
  kind), APIServices, FlowSchemas, requests for certificates, settings in kube-system;
- classes and drivers that others get without naming them, or that are given tokens of pods, RuntimeClasses, nodes, who
  issues certificates for all namespaces or may sign others, SealedSecrets that open in any namespace;
- accounts that act in the cloud, tokens of accounts kept in Secrets, ReferenceGrants, namespaces that let in more.

Of callers, requests and secrets

- Services that callers outside the cluster reach or that lead elsewhere (ExternalName, addresses written by hand),
  Ingresses that ask callers no more who they are, snippets that an Ingress's proxy runs;
- copies of requests that a route sends elsewhere, objects of a mesh that change where calls of others go, or whom it
  believes; policies of a network that decide for every namespace;
- pods that a Service, or a router by its label selector, begins to send requests to beside those that answered alone;
- policies of a mesh or a network that change or go, and pods that no NetworkPolicy keeps any more;
- Secrets that are pushed to a store, stores of secrets that are others than before, or ask a program of people's own.

And of pods of any kind

- what the Pod Security Standard `baseline` leaves out (the host's namespaces, paths and ports, capabilities, a
  privileged container), a node of the control plane, devices of others, and volumes of the host's paths;
- those that kept to `restricted`, had a user namespace, a sandbox or no token of their account, by themselves or as
  their ServiceAccount said, and are so no more;
- those that run as an account that nothing here makes, or get tokens for others; roles of a cloud or a vault, networks
  and a place outside the mesh that their labels and annotations ask for;
- a model's own code that they begin to run (`--trust-remote-code`), and hosts that callers may have an engine fetch
  from;
- names that they find elsewhere (`hostAliases`, name servers), what they fetch by another way (proxies, `HF_ENDPOINT`,
  package indexes, hosts that their commands name, volumes that others serve), other certificates that they believe, and
  what their image does not hold (`LD_PRELOAD`, `curl … | sh`, adapters that callers name, vLLM's flags for plugins,
  middleware and classes of people's own), where no pods of the environment did;
- images of a registry from which nothing of the environment was pulled before.

A new environment is held to what the cluster's others did. Services and accounts of an environment's own are told where
there was one before.

Fix: bind a Role of one namespace with the verbs that are needed, or keep such objects in the repository of those who
run the cluster; give a pod no more of the host than it needs; pin the revision of a model whose code runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from llmstack.finding import Severity
from llmstack.kubernetes.diversions import diversions_of
from llmstack.kubernetes.openings import asks_of, doors_of, openings_of, sources_of
from llmstack.kubernetes.pod_standards import ENFORCE, LEVELS, enforced_level
from llmstack.kubernetes.pods import Object, identity_of, value_at
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.rights import (
    accounts_of,
    guards_of,
    is_restricted,
    media_of,
    rights_of,
    trusts_remote_code,
)
from llmstack.kubernetes.roles import powers_of
from llmstack.kubernetes.untyped import mapping
from llmstack.kubernetes.within import objects_within
from llmstack.review.change import ObjectChange
from llmstack.review.exposed import exposed_pods
from llmstack.review.facts import names_of
from llmstack.review.grants import grants_of, is_admin, said_of_granted, said_of_unguarded
from llmstack.review.joining import found_pods, joining_pods
from llmstack.review.known import Known, registries_of
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.surroundings import Brought
from llmstack.sync.widened import said_of_widened

RISK = Declaration("privilege", Severity.ERROR, milder=Severity.WARNING)
_Removed = dict[tuple[str, str, str | None], list[Object]]
"""The objects that go, by kind and name, and by kind and model."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """Rights that a file of clusters/ brings, those of the whole cluster that units bring, and what pods get."""
    ran = assessment.before or assessment.near.ran
    known = Known(assessment.before, assessment.after, ran)
    loose = assessment.near.brought
    there = (value_at(each, "metadata", "namespace") for each in (*assessment.before, *assessment.after))
    spaces = set(filter(None, there)) if loose else ()
    for brought in loose:
        found = _brought(brought, known, spaces)
        yield from (replace(risk, file=brought.path) for risk in found)
    yield from _foreign_owners(assessment)
    for obj in (obj for each in assessment.near.untold for obj in each.objects):
        yield from _granted(None, obj, "", of_cluster=False)
        yield from _gained([], obj, "")
    removed = _removed(assessment)
    strong = {identity_of(each)[2] for each in assessment.before if each.get("kind") == "Role" and powers_of(each)}
    yield from _unguarded(assessment)
    for change in assessment.changes:
        if change.after is not None:
            yield from _granted(change.before, change.after, "", strong, of_cluster=False)
            yield from _opened(change.before, change.after, "")
            if ran:
                yield from _diverted(change.after, known)
            if assessment.before:
                yield from _unlocked(assessment.before, change)
                yield from _let_in(change.before, change.after, "")
                yield from _as_another(change.before, change.after, known)
            former = [change.before] if change.before is not None else _former(assessment, removed, change)
            yield from _gained(former, change.after, "")
            yield from _pulled(change.before, change.after, known)


def _brought(brought: Brought, known: Known, spaces: Collection[str]) -> Iterator[Risk]:
    """What an object of a file of clusters/ brings; `spaces` are the namespaces of the environment."""
    before, after = brought.before, brought.after
    where = f" (in {brought.path}, which llmstack did not write)"
    yield from _granted(before, after, where, of_cluster=True)
    yield from _gained([before] if before else [], after, where)
    yield from _pulled(before, after, known)
    yield from _let_in(before, after, where)
    yield from _opened(before, after, where)
    accounts, space = accounts_of(after), _namespace(after)
    if accounts - accounts_of(before):
        named = sorted(accounts - {"default"})
        if named or (spaces and space not in spaces):
            who = f" as ServiceAccount {', '.join(f'`{each}`' for each in named)}" if named else ""
            message = f"its pods run in namespace `{space}`{who}, and may do what they can do there{where}"
            yield RISK.at(_name(after), message, _SPARE, milder=True)


def _foreign_owners(assessment: Assessment) -> Iterator[Risk]:
    """Owners that llmstack did not write, and that apply what is not in this repository."""
    files = {brought.path for brought in assessment.near.brought}
    for change in assessment.near.sync:
        if change.action == "added" and change.objects is None and change.file in files:
            message = (
                f"it applies what this repository does not hold, with the rights of the sync tool (in {change.file}, "
                "which llmstack did not write)"
            )
            advice = "See who may change what it reads: whatever that is, the cluster gets it without a review here."
            kind = "Kustomization" if change.tool == "flux" else "Application"
            yield RISK.at(f"{kind}/{change.unit}", message, advice, milder=True, file=change.file)


def _granted(
    before: Object | None, after: Object, where: str, strong: Collection[str] = (), *, of_cluster: bool
) -> Iterator[Risk]:
    """Rights that an object gives others, where they are not those that it gave; `strong` are the roles there that
    lead further than they say."""
    said = said_of_granted(after, strong, of_cluster=of_cluster)
    if said is not None and (before is None or grants_of(before) != grants_of(after)):
        yield RISK.at(_name(after), f"{said}{where}", _BIND, milder=not is_admin(after))
    known = list(objects_within(before))
    for inner in objects_within(after):
        said = said_of_granted(inner, of_cluster=of_cluster) if inner not in known else None
        if said is not None:
            message = f"it holds {_name(inner)}: {said}{where}"
            yield RISK.at(_name(after), message, _BIND, milder=not is_admin(inner))


def _unlocked(there: Sequence[Object], change: ObjectChange) -> Iterator[Risk]:
    """A namespace that was there without being written here, and is said to let in all pods: who made it may have said
    otherwise."""
    if change.kind != "Namespace" or change.before is not None or change.after is None:
        return
    is_said = value_at(change.after, "metadata", "labels", ENFORCE) == LEVELS[-1]
    if is_said and any(value_at(each, "metadata", "namespace") == change.name for each in there):
        yield RISK.at(
            change.key, f"the namespace is told to let in every pod (`{ENFORCE}: {LEVELS[-1]}`)", _SPARE, milder=True
        )


def _let_in(before: Object | None, after: Object, where: str) -> Iterator[Risk]:
    """Ways in from outside the cluster that an object opens, or asks less at than before."""
    opened = doors_of(after)
    if opened - doors_of(before):
        message = f"it opens what it selects to callers outside the cluster ({', '.join(sorted(opened))}){where}"
        yield RISK.at(_name(after), message, _SHUT, milder=True)
    asked = sorted(asks_of(before) - asks_of(after))
    if asked:
        message = f"it asks callers no more by {', '.join(asked)}{where}"
        yield RISK.at(_name(after), message, _SHUT, milder=True)


def _opened(before: Object | None, after: Object, where: str) -> Iterator[Risk]:
    """Ways around names, namespaces and accounts that an object opens and did not before."""
    for said in sorted(openings_of(after) - openings_of(before)):
        yield RISK.at(_name(after), f"{said}{where}", _SHUT, milder=True)
    had = sources_of(before)
    others = sorted(sources_of(after) - had) if had else []
    if others:
        message = f"what it brings comes from elsewhere: {', '.join(others)}{where}"
        yield RISK.at(_name(after), message, _WHENCE, milder=True)
    widened = said_of_widened(before, after)
    if widened is not None:
        yield RISK.at(_name(after), f"{widened}{where}", _TOOL, milder=True)


def _diverted(after: Object, known: Known) -> Iterator[Risk]:
    """What sends pods elsewhere, and did so with no pods of the environment."""
    own = diversions_of(after)
    found = sorted(own - known.diversions) if own else []
    if found:
        yield RISK.at(_name(after), f"its pods get {', '.join(found)}", _SPARE, milder=True)


def _unguarded(assessment: Assessment) -> Iterator[Risk]:
    """What kept pods from each other, or objects out of the cluster, and does so no more."""
    sides = ((*assessment.before, *assessment.near.loose[0]), (*assessment.after, *assessment.near.loose[1]))
    for key, said in exposed_pods(assessment.changes, *sides):
        yield RISK.at(key, said, _CLOSE, milder=True)
    found = found_pods(assessment.changes, assessment.backends.among(sides[1])) if assessment.before else ()
    for key, service in (*joining_pods(assessment.changes, *sides), *found):
        yield RISK.at(key, f"its pods get requests of {service}, which others answered alone", _JOIN, milder=True)
    for change in assessment.changes:
        gone = said_of_unguarded(change.before, change.after)
        if gone is not None:
            yield RISK.at(change.key, gone, _BIND, milder=True)


def _as_another(before: Object | None, after: Object, known: Known) -> Iterator[Risk]:
    own = accounts_of(after) - accounts_of(before)
    for account in sorted(own - known.accounts) if own - {"default"} else ():
        message = f"its pods run as ServiceAccount `{account}`, which nothing here makes, and may do what that may"
        yield RISK.at(_name(after), message, _SPARE, milder=True)


def _removed(assessment: Assessment) -> _Removed:
    found: _Removed = defaultdict(list)
    for change in assessment.changes:
        if change.action == "remove" and change.before is not None:
            found[change.kind, "name", change.name].append(change.before)
            found[change.kind, "model", model_of(change.before)].append(change.before)
    return found


def _former(assessment: Assessment, removed: _Removed, change: ObjectChange) -> list[Object]:
    """What a new object was before: those of its kind that go for it, of its name or its model."""
    models = names_of(model_of(change.after or {}), assessment.facts[1].moved_from)
    keys = [("name", change.name), *(("model", model) for model in models)]
    return [each for key in keys for each in removed.get((change.kind, *key), ())]


def _gained(before: Sequence[Object], after: Object, where: str) -> Iterator[Risk]:
    """What the pods of an object may do that they could not."""
    said = _lets_in_more(next(iter(before), None), after)
    if said is not None:
        yield RISK.at(_name(after), f"{said}{where}", _SPARE, milder=True)
    rights = sorted(rights_of(after).difference(*map(rights_of, before)))
    if rights:
        whose = "pods that claim it" if after.get("kind") == "PersistentVolume" else "its pods"
        yield RISK.at(_name(after), f"{whose} get {', '.join(rights)}{where}", _SPARE, milder=True)
    had = frozenset().union(*map(guards_of, before))
    for guard in sorted(had - guards_of(after)) if had and is_restricted(after) is not None else ():
        yield RISK.at(_name(after), f"its pods {guard}, and do so no more{where}", _SPARE, milder=True)
    hosts, media = frozenset().union(*map(media_of, before)), media_of(after)
    if hosts and not (media and media <= hosts):
        told = ", ".join(sorted(media - hosts)) or "every host"
        message = f"callers may have it fetch from {told} too (`--allowed-media-domains`){where}"
        yield RISK.at(_name(after), message, _SPARE, milder=True)
    if trusts_remote_code(after) and not any(map(trusts_remote_code, before)):
        message = f"it runs the code that its model brings (`--trust-remote-code`){where}"
        yield RISK.at(_name(after), message, _PIN, milder=True)


def _pulled(before: Object | None, after: Object, known: Known) -> Iterator[Risk]:
    """Registries that are new to an environment that pulls images already."""
    own = registries_of(after) - registries_of(before)
    for registry in sorted(own - known.registries) if own and known.registries else ():
        message = f"it pulls an image from `{registry}`, from which nothing here was pulled before"
        yield RISK.at(_name(after), message, "See that the registry is one that you trust.", milder=True)


def _name(object: Object) -> str:
    return f"{object.get('kind')}/{mapping(object.get('metadata')).get('name')}"


def _namespace(object: Object) -> str:
    return str(mapping(object.get("metadata")).get("namespace") or "default")


_BIND = "Bind a Role of one namespace with the verbs that are needed, or keep this out of the repository."
_TOOL = "Let those who run the sync tool read it: what it applies has the rights of the whole cluster."
_SHUT = "Let callers in by the router, where keys are asked for; or see that they are meant to reach it."
_WHENCE = "See who can write there: pods get what it holds."
_CLOSE = "Keep a NetworkPolicy that selects the pods, and allow what they need by rules."
_JOIN = "See that they are meant to answer: they see what callers send. Otherwise give the pods labels of their own."
_SPARE = "Take it away unless the pods need it: what runs in them may reach the node, and what else runs there."
_PIN = "Read that code, and pin it: `modelRevision` names a commit."


def _lets_in_more(before: Object | None, after: Object) -> str | None:
    """What a namespace says of the pods that it lets in, where it let in fewer (the level that is enforced)."""
    levels = [enforced_level(each) for each in (before, after) if each is not None and each.get("kind") == "Namespace"]
    if len(levels) < 2 or LEVELS.index(levels[1]) <= LEVELS.index(levels[0]):
        return None
    return f"the namespace lets in pods of the level `{levels[1]}`, and let in those of `{levels[0]}` alone"
