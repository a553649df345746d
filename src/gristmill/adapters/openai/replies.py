"""What an endpoint answered, as a reply or as the error it stands for."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from gristmill.domain.completion import FinishReason, Reply
from gristmill.domain.usage import Usage
from gristmill.errors import CallRefusedError, ModelError, ProviderFaultError, RateLimitedError

# Past this an error's words are no sentence any more.
LONGEST_WORDS = 500

OK = 200
REDIRECTS, CLIENT_ERRORS, ERRORS = range(300, 400), range(400, 500), range(400, 600)
OVERLOADED = frozenset((429, 503, 529))
# 408 and 409 are OpenAI's own signs that the same call may go again.
FAULTS = frozenset((408, 409, 425))
HOPELESS = frozenset((401, 402, 403, 404, 405, 407, 410, 451))
# Codes that say that no call to this model or with this key will be answered, whatever their status.
HOPELESS_CODES = frozenset(("insufficient_quota", "model_not_found", "invalid_api_key", "billing_hard_limit_reached"))

FINISH_REASONS: Mapping[str | None, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
}


def read_reply(content: bytes) -> Reply:
    """The reply in the body of a 200. Raises the error it holds instead, and ProviderFaultError for nonsense."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ProviderFaultError(f"The provider's answer is not JSON: {error}.", status=OK) from error
    if not isinstance(body, dict):
        raise ProviderFaultError("The provider's answer is not a JSON object.", status=OK)
    choices = body.get("choices")
    if not choices:
        # OpenRouter and others answer 200 before they know, and put the error in the body.
        raise error_in(body, status=OK, retry_after=None)
    try:
        return _read_choice(choices[0], body.get("usage"))
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ProviderFaultError("The provider's answer has no message.", status=OK) from error


def _read_choice(choice: dict[str, Any], usage: object) -> Reply:
    finish = choice.get("finish_reason")
    if "error" in choice or finish == "error":
        # It broke off in the middle, so what came before may have been billed.
        raise ProviderFaultError(_words_of(choice) or "The provider broke off its answer.", status=OK)
    message = choice["message"]
    refusal = message.get("refusal")
    text = _text_of(message.get("content"))
    if refusal and not text:
        return Reply(text=str(refusal), finish_reason="filtered", usage=read_usage(usage))
    return Reply(text=text, finish_reason=FINISH_REASONS.get(finish, "stop"), usage=read_usage(usage))


def _text_of(content: object) -> str:
    match content:
        case str():
            return content
        case None:
            return ""
        case list():
            return "".join(part["text"] for part in content if part.get("type") == "text")
        case _:
            raise TypeError(content)


def read_usage(usage: object) -> Usage | None:
    """The tokens as reported, or None when input or output is missing or is no count."""
    if not isinstance(usage, dict):
        return None
    used, given = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if used is None or given is None:
        return None
    into, out = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    # xAI counts hidden reasoning beside completion_tokens, the others within: the total tells.
    given = max(given, (_count(usage.get("total_tokens")) or 0) - used)
    cached = min(_first(into, "cached_tokens") or _first(usage, "prompt_cache_hit_tokens"), used)
    written = _first(into, "cache_write_tokens", "cache_creation_tokens") or _first(
        usage, "cache_creation_input_tokens"
    )
    return Usage(
        input=used,
        output=given,
        cached=cached,
        cache_written=min(written, used - cached),
        reasoning=min(_first(out, "reasoning_tokens"), given),
    )


def _first(counts: object, *names: str) -> int:
    if not isinstance(counts, dict):
        return 0
    for name in names:
        if name in counts and (count := _count(counts[name])):
            return count
    return 0


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def read_error(status: int, content: bytes, headers: Mapping[str, str]) -> ModelError:
    """The error that a status other than 200 stands for, with the provider's own words."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = content.decode("utf-8", "replace").strip()
    return error_in(body, status=status, retry_after=read_retry_after(headers))


def error_in(body: object, *, status: int, retry_after: float | None) -> ModelError:
    """The error a body stands for; in a 200, the code within says what it would have been."""
    words, code = _words_of(body), _code_of(body)
    if status == OK:
        status = code if isinstance(code, int) and code in ERRORS else OK
    said = f"The provider answered {status}: {words}" if words else f"The provider answered {status}."
    if code in HOPELESS_CODES or status in HOPELESS or status in REDIRECTS:
        return CallRefusedError(said, status=status, hopeless=True)
    if status in OVERLOADED:
        return RateLimitedError(said, status=status, retry_after=retry_after)
    if status in CLIENT_ERRORS and status not in FAULTS:
        return CallRefusedError(said, status=status)
    return ProviderFaultError(said, status=status)


def _error_of(body: object) -> object:
    return (body.get("error") or body) if isinstance(body, dict) else body


def _words_of(body: object) -> str:
    error = _error_of(body)
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("msg") or ""
    return str(error)[:LONGEST_WORDS]


def _code_of(body: object) -> object:
    error = _error_of(body)
    code = error.get("code") or error.get("type") if isinstance(error, dict) else None
    return int(code) if isinstance(code, str) and code.isdigit() else code if isinstance(code, (int, str)) else None


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the provider asks to wait, by `retry-after-ms` or Retry-After (seconds or a date), or None."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("Retry-After")
    seconds = _seconds(asked)
    return _until(asked, headers.get("Date")) if seconds is None and asked else seconds


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(asked: str, sent: str | None) -> float | None:
    try:
        # By the provider's own clock where it tells it: ours may be wrong.
        now = parsedate_to_datetime(sent) if sent else datetime.now(UTC)
        return max((parsedate_to_datetime(asked) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
