"""The form that orders a job: what is chosen, what can be chosen, and what it will cost."""
