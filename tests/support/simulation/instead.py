"""One thing of ours put in the place of another, for a while."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def instead(*places: object, name: str, by: object) -> Iterator[None]:
    """Put `by` where these modules or classes have `name`."""
    with ExitStack() as undo:
        for place in places:
            undo.callback(setattr, place, name, getattr(place, name))
            setattr(place, name, by)
        yield
