"""More than one machine, by Ray: pictures of a batch painted by the workers of a cluster."""
