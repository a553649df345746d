"""What the first page tells: spending, and a first job at one press."""
