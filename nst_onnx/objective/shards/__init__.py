"""One picture spread over several processes: each holds some rows of everything that is as large as it."""
