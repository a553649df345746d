"""When to stop asking a model that will not answer."""

from gristmill.errors import CallRefusedError, ModelError, ProviderFaultError

# In a row, with no answer between them. A wrong key or name needs no more proof; a refused prompt may be one bad row,
# and a provider that is down for a while comes back.
HOPELESS_LIMIT = 3
REFUSED_LIMIT = 25
FAULT_LIMIT = 50
FAULT_SECONDS = 120.0
# Where nobody has ever been reached, the address is likelier wrong than everybody down.
UNREACHED_SECONDS = 20.0


class Breaker:
    """Counts a model's failures since its last answer, and says in the provider's own words when to give up."""

    def __init__(self) -> None:
        self.words: str | None = None
        self._hopeless = self._refused = self._faults = 0
        self._first_fault: float | None = None
        self._was_reached = False

    def succeed(self) -> None:
        """An answer came: the model works."""
        self._hopeless = self._refused = self._faults = 0
        self._first_fault = None
        self._was_reached = True

    def fail(self, error: ModelError, now: float) -> None:
        """Count a failure at the monotonic time `now`, in seconds."""
        if isinstance(error, CallRefusedError):
            self._hopeless += error.hopeless
            self._refused += 1
        else:
            self._faults += 1
            self._was_reached |= not isinstance(error, ProviderFaultError) or error.sent
            self._first_fault = now if self._first_fault is None else self._first_fault
        if self._is_over(now):
            self.words = self.words or str(error)

    def _is_over(self, now: float) -> bool:
        patience = FAULT_SECONDS if self._was_reached else UNREACHED_SECONDS
        down = self._first_fault is not None and now - self._first_fault >= patience
        return (
            self._hopeless >= HOPELESS_LIMIT or self._refused >= REFUSED_LIMIT or (self._faults >= FAULT_LIMIT and down)
        )
