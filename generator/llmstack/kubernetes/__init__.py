"""What Kubernetes makes of an object: its API server, its controllers, its scheduler. Pure."""
