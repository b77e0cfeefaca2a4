"""The stack as Kubernetes objects: one file per component, each a generator of placed objects."""
