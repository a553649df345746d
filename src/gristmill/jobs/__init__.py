"""What a user can ask of a job: create, estimate, control, report, export."""
