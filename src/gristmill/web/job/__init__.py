"""What the page of a job shows, and what can be done there."""
