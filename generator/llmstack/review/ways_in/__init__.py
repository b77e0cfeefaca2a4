"""How requests get in: host → Ingress or route → Service → router → engine, on both sides of a change."""
