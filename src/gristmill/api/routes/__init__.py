"""The endpoints, a module for each row of the interface's table."""
