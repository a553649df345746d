"""What endpoints answer, well and badly, and what it becomes."""

from typing import Any

import orjson
import pytest

from gristmill.adapters.openai.replies import read_error, read_reply, read_retry_after, read_usage
from gristmill.domain.usage import Usage
from gristmill.errors import CallRefusedError, ModelError, ProviderFaultError, RateLimitedError


def body(message: object, finish: str | None = "stop", **more: object) -> bytes:
    return orjson.dumps({"choices": [{"message": message, "finish_reason": finish}], **more})


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, None),
        ("12", None),
        ({"prompt_tokens": 5}, None),
        ({"prompt_tokens": 5, "completion_tokens": -1}, None),
        ({"prompt_tokens": True, "completion_tokens": 1}, None),
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(input=5, output=2)),
        (
            {
                "prompt_tokens": 50,
                "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 7},
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            Usage(input=50, output=20, cached=30, cache_written=7, reasoning=9),
        ),
        (
            {
                "prompt_tokens": 50,
                "completion_tokens": 1,
                "prompt_cache_hit_tokens": 9,
                "cache_creation_input_tokens": 4,
            },
            Usage(input=50, output=1, cached=9, cache_written=4),
        ),
        # xAI: reasoning stands beside completion_tokens.
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 115,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            Usage(input=10, output=105, reasoning=100),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": None}, Usage(input=5, output=2)),
    ],
)
def test_usage_is_read_as_reported_or_not_at_all(usage: object, read: Usage | None) -> None:
    assert read_usage(usage) == read


@pytest.mark.parametrize(
    ("message", "finish", "text", "reason"),
    [
        ({"content": "hello"}, "stop", "hello", "stop"),
        ({"content": "hel"}, "length", "hel", "length"),
        ({"content": None}, "content_filter", "", "filtered"),
        ({"content": None, "refusal": "I cannot."}, "stop", "I cannot.", "filtered"),
        ({"content": "hello"}, None, "hello", "stop"),
        ({"content": [{"type": "thinking"}, {"type": "text", "text": "hello"}]}, "stop", "hello", "stop"),
    ],
)
def test_the_text_and_why_it_ended(message: dict[str, Any], finish: str | None, text: str, reason: str) -> None:
    reply = read_reply(body(message, finish))
    assert (reply.text, reply.finish_reason, reply.usage) == (text, reason, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        body({"content": "hello"})[:-10],
        b"{}",
        b'{"choices":[]}',
        b'{"choices":[{}]}',
        b'{"choices":[{"message":null}]}',
        b'{"choices":[{"message":{"content":7}}]}',
        b'{"choices":[{"message":{"content":[7]}}]}',
        b'{"choices":["text"]}',
        b'{"choices":{"a":1}}',
        b'{"error":{"message":"upstream failed","code":502}}',
        body({"content": "hel"}, "error"),
    ],
)
def test_nonsense_in_a_200_is_a_fault_of_the_provider(content: bytes) -> None:
    with pytest.raises(ProviderFaultError):
        read_reply(content)


@pytest.mark.parametrize(("code", "kind"), [(429, RateLimitedError), (401, CallRefusedError), (400, CallRefusedError)])
def test_an_error_in_a_200_is_the_error_its_code_says(code: int, kind: type[ModelError]) -> None:
    with pytest.raises(kind, match="slow down"):
        read_reply(orjson.dumps({"error": {"message": "slow down", "code": code}}))


@pytest.mark.parametrize(
    ("status", "code", "kind", "hopeless"),
    [
        (400, "", CallRefusedError, False),
        (400, "model_not_found", CallRefusedError, True),
        (401, "", CallRefusedError, True),
        (402, "", CallRefusedError, True),
        (403, "", CallRefusedError, True),
        (404, "", CallRefusedError, True),
        (301, "", CallRefusedError, True),
        (408, "", ProviderFaultError, None),
        (413, "", CallRefusedError, False),
        (422, "", CallRefusedError, False),
        (429, "", RateLimitedError, None),
        (429, "insufficient_quota", CallRefusedError, True),
        (500, "", ProviderFaultError, None),
        (502, "", ProviderFaultError, None),
        (503, "", RateLimitedError, None),
        (504, "", ProviderFaultError, None),
        (529, "", RateLimitedError, None),
    ],
)
def test_each_status_is_the_error_that_its_caller_acts_on(
    status: int, code: str, kind: type[ModelError], hopeless: bool | None
) -> None:
    error = read_error(status, orjson.dumps({"error": {"message": "the provider's words", "code": code}}), {})
    assert type(error) is kind
    assert (error.status, getattr(error, "hopeless", None)) == (status, hopeless)
    assert "the provider's words" in str(error)


@pytest.mark.parametrize("content", [b"the words", b'"the words"', b'{"detail":"the words"}', b'{"error":"the words"}'])
def test_words_are_found_in_whatever_shape_they_come(content: bytes) -> None:
    assert "the words" in str(read_error(500, content, {}))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "-1"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"retry-after-ms": "x", "Retry-After": "3"}, 3.0),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "Sun, 22 Nov 2026 09:00:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2020 09:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds
