"""Records and their traces as they are read."""
