"""What is known of a cluster: facts/clusters/<name>.yaml, learned from an observation, written and read. Pure."""
