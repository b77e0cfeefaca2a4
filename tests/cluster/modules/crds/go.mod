// The modules whose custom resource definitions the tests install (crds.py). Nothing is built from here.
module llmstack.dev/cluster/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.5.1
	github.com/bitnami-labs/sealed-secrets v0.40.0
	github.com/external-secrets/external-secrets v1.3.2
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/ray-project/kuberay/ray-operator v1.6.1
	sigs.k8s.io/gateway-api v1.4.0
	sigs.k8s.io/gateway-api-inference-extension v1.3.0
	sigs.k8s.io/lws v0.8.0
)
