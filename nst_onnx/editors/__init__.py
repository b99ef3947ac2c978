"""The plug-ins for editors: finding editors, installing into them, and saying why one does not show up."""
