"""Every way Gristmill refuses, on one page: a class stands here only where some caller acts differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, where it stands (counted from 1; 0 when unknown) and what to write instead."""

    code: str
    message: str
    severity: Severity = "error"
    suggestion: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line else ""
        where = f"{self.path}: " if self.path else ""
        hint = f" {self.suggestion}" if self.suggestion else ""
        return f"{place}{where}{self.message}{hint}"


class GristmillError(Exception):
    """What every refusal is; its text is a sentence for the person who caused it."""

    code = "error"


class BadInputError(GristmillError):
    """The user must change something; nothing was spent and nothing was lost. `findings` say what and where.

    `at_shell` is how a command says what the text asks for: nobody else has its options.
    """

    code = "bad_input"

    def __init__(self, message: str, findings: Sequence[Finding] = (), *, at_shell: str = "") -> None:
        super().__init__(message)
        self.findings = tuple(findings)
        self.at_shell = at_shell


class InvalidTemplateError(BadInputError):
    """The template does not compile."""

    code = "invalid_template"


class InvalidSeedsError(BadInputError):
    """The seeds cannot be read, or lack what the prompts need."""

    code = "invalid_seeds"


class UnfitRecordError(BadInputError):
    """A record is not what a trainer's format wants; other formats may well take it."""

    code = "unfit_record"


class UnknownModelError(BadInputError):
    """No provider answers to this model name, or its setting is missing."""

    code = "unknown_model"


class UnknownPriceError(BadInputError):
    """A model has no known price and the user gave none."""

    code = "unknown_price"


class BudgetRequiredError(BadInputError):
    """A model has a price, so the job needs a budget."""

    code = "budget_required"


class BudgetTooSmallError(BadInputError):
    """The budget covers no call, or is below what is already granted."""

    code = "budget_too_small"


class ChangedInputsError(BadInputError):
    """The job in this folder was made from other inputs; the text is the difference."""

    code = "changed_inputs"


class InvalidCursorError(BadInputError):
    """A list's cursor is none that was given out for this list."""

    code = "invalid_cursor"

    def __init__(
        self, message: str = "This cursor is none of this list. Take `next_cursor` as it is, or begin without one."
    ) -> None:
        super().__init__(message)


class InUseError(BadInputError):
    """Something else holds it, such as a process a folder, a job a template, a template a name; the text says what."""

    code = "in_use"


class UnauthenticatedError(GristmillError):
    """Nobody known asks: the credential is missing, wrong, expired or revoked."""

    code = "unauthenticated"


class ForbiddenError(GristmillError):
    """Whoever asks is known, and may not do this."""

    code = "forbidden"


class LimitReachedError(GristmillError):
    """It would pass a limit that was set for the user; the text says which."""

    code = "limit_reached"


class ThrottledError(GristmillError):
    """It was tried too often. `retry_after` is in seconds."""

    code = "throttled"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLargeError(GristmillError):
    """What was sent is larger than what is taken; nothing of it was kept."""

    code = "too_large"


class IdempotencyConflictError(GristmillError):
    """The idempotency key was used for another request, or for one that is still being answered."""

    code = "idempotency_conflict"


class WrongStateError(GristmillError):
    """The state of the job, or of what else was asked about, does not allow it."""

    code = "wrong_state"


class NotFoundError(GristmillError):
    """No such job, segment or blob."""

    code = "not_found"


class WorkersDiedError(GristmillError):
    """The workers of a job died again and again before it had ended; what they committed is kept."""

    code = "workers_died"


class LeaseLostError(GristmillError):
    """The write came from an old epoch or position: somebody else has the shard, and nothing was changed."""

    code = "lease_lost"


class StorageFullError(GristmillError):
    """The disk has no room or refuses writes; nothing was changed and the same write may go again."""

    code = "storage_full"


class StoreBusyError(GristmillError):
    """The store gave no answer in time: the write may or may not have landed, so it goes again unchanged."""

    code = "store_busy"


class TemplateTooExpensiveError(BadInputError):
    """Rendering passed a stated limit of size or time."""

    code = "template_too_expensive"


class RenderError(GristmillError):
    """A prompt, condition or record field could not be rendered from this row: the record is rejected with it."""

    code = "render_failed"


class ModelError(GristmillError):
    """A call brought no usable answer. `status` is the HTTP status, or 0 when no response came."""

    code = "model_failed"

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class RateLimitedError(ModelError):
    """The provider asks to slow down: nothing was billed. `retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, status: int = 429, retry_after: float | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class ProviderFaultError(ModelError):
    """The provider failed, stalled or answered nonsense; the call may go again.

    It may have billed, unless `sent` is False: then no connection was made and nothing left this machine.
    """

    code = "provider_fault"

    def __init__(self, message: str, *, status: int = 0, sent: bool = True) -> None:
        super().__init__(message, status=status)
        self.sent = sent


class FormRefusedError(ModelError):
    """The provider refused the form of the call, not its content, and nothing was billed.

    Its adapter has learned another form: the same call may go again at once.
    """

    code = "form_refused"


class CallRefusedError(ModelError):
    """The provider refuses this call and would again; nothing was billed.

    `hopeless` says that every other call to the model would be refused too (key, permission, model name).
    """

    code = "call_refused"

    def __init__(self, message: str, *, status: int = 400, hopeless: bool = False) -> None:
        super().__init__(message, status=status)
        self.hopeless = hopeless
