"""After the merge: what was foreseen of a change beside what a cluster was seen to do. Pure."""
