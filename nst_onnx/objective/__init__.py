"""The objective: losses of a picture and their exact gradient, whole, in tiles or in shards."""
