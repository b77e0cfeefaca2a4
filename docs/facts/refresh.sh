#!/usr/bin/env bash
# Writes facts/clusters/<name>.yaml from what the cluster of kubectl's current context says: ./refresh.sh NAME
# Reads only; asks for no Secret and no ConfigMap. `llmstack learn rbac` prints the RBAC that suffices.
set -euo pipefail

name=${1:?usage: refresh.sh NAME}
seen=$(mktemp -d)
trap 'rm -rf "$seen"' EXIT

everywhere=nodes,pods,persistentvolumeclaims,resourcequotas,deployments,replicasets,statefulsets,daemonsets
everywhere+=,horizontalpodautoscalers,storageclasses,priorityclasses,runtimeclasses,ingressclasses,apiservices
kubectl get "$everywhere" --all-namespaces --output json > "$seen/cluster.json"

# kubectl refuses a request that names a kind which the cluster does not have: ask for those that it has
wanted='resourceslices\.resource\.k8s\.io|deviceclasses\.resource\.k8s\.io'
wanted+='|resourceclaims\.resource\.k8s\.io|scaledobjects\.keda\.sh'
wanted+='|leaderworkersets\.leaderworkerset\.x-k8s\.io|rayclusters\.ray\.io|rayservices\.ray\.io'
there=$(kubectl api-resources --verbs=list --output name | grep -xE "$wanted" | paste -sd, - || true)
if [[ -n "$there" ]]; then
  kubectl get "$there" --all-namespaces --output json > "$seen/more.json"
fi

llmstack learn cluster "$name" "$seen"/*.json
