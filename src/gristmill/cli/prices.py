"""`gristmill prices`."""


def prices() -> None:
    """Show."""
