"""llmstack: a declarative GitOps generator for serving LLMs with vLLM on Kubernetes."""

__version__ = "0.1.0"
