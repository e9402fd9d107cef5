"""The monthly brief: what changed since the last reports, what came into force, what is stale."""
