"""One folder for each technology."""
