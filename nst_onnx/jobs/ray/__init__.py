"""More than one machine, by Ray: the pictures of a batch, the scenes of a film, or one giant picture."""
