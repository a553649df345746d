"""How values that are made many times for each record are declared: frozen dataclasses at a fifth of their cost."""

from collections.abc import Callable
from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen: bool, **options: bool) -> Callable[[type], type]:
        """Declare a dataclass that the type checker holds frozen.

        The interpreter does not: a frozen dataclass writes each field through `object.__setattr__`, 5 us for a call's
        fourteen. Equality and hash are those of a frozen one.
        """
        return dataclass(unsafe_hash=frozen, **options)
