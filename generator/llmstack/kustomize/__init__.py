"""What kustomize makes of files: merge, patch, references, builds. Pure."""
