"""Progress displays of the commands."""
