"""The feed-forward painter: a picture in one pass, and its style vectors, predicted or fitted."""
