"""Distributed execution by Ray: connection, resources, supervision of actors, and the shard team."""
