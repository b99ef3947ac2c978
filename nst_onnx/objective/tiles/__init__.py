"""Pictures too large for one graph: the same losses and gradient, computed tile by tile."""
