"""What Flux and Argo CD make of clusters/: who owns what, what is pruned, and in which order it is safe."""
