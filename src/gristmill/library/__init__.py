"""A user's templates, and what they lend to one another."""
