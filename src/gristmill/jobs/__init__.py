"""What a user can ask of a job: create, estimate, preview, control, report, export. Use cases over ports."""
