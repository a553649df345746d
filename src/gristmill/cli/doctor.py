"""`gristmill doctor`."""


def doctor() -> None:
    """Show."""
