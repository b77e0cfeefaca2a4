"""What a change will do to the cluster: two trees → changes → restarts, GPUs, clock, risks. Pure."""
