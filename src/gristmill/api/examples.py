"""An example of every body that is sent or answered, by the name of its shape: one town's questions, throughout."""

from collections.abc import Mapping
from typing import Any, Final

USER: Final = "a281f9c848ba3fb6"
TEMPLATE: Final = "1ba7738e5b16286a"
SEEDS: Final = "163795ef0938454730fb2eaaf0f1f53e0eb99cbb746aea2856bb4353b9143800"
JOB: Final = "20261123-101500-k3x9m2qa"
EXPORT: Final = "a30f7457f593df5b"
MODEL: Final = "openai:gpt-4.1-mini"
THEN: Final = "2026-11-23T10:15:00Z"
LATER: Final = "2026-11-23T10:17:12Z"

SOURCE: Final = """name: capitals
vary: {tone: [formal, terse]}
steps:
  - id: question
    prompt: "Write a {{ tone }} question about {{ city }}."
"""

_TOKENS: Final = {"input": 127_000, "output": 146_000, "cached": 0, "cache_written": 0, "reasoning": 0}
_RECORD: Final = {"question": "Which river flows through Lima?"}
_RANGE: Final = {"low": 1000.0, "likely": 1110.0, "high": 1600.0}
_USD_RANGE: Final = {"low": "0.21", "likely": "0.29", "high": "0.61"}
_TOKEN_RANGES: Final = {
    "input": {"low": 87_000.0, "likely": 127_000.0, "high": 180_000.0},
    "output": {"low": 116_000.0, "likely": 146_000.0, "high": 300_000.0},
}
_SPENT: Final = {"billed_usd": "0.2844", "presumed_usd": "0.00"}
_TEMPLATE: Final = {
    "id": TEMPLATE,
    "name": "capitals",
    "description": "Questions about cities",
    "version": 1,
    "created_at": THEN,
    "changed_at": THEN,
    "archived_at": None,
    "published_at": None,
    "forked_from": None,
    "is_yours": True,
}
_KEY: Final = {
    "id": "203be71f5ce38e46",
    "name": "nightly",
    "ending": "BQqw",
    "scopes": ["read"],
    "created_at": THEN,
    "expires_at": None,
    "last_used_at": None,
}
_USER: Final = {
    "id": USER,
    "email": "ann@example.org",
    "role": "user",
    "created_at": THEN,
    "verified_at": THEN,
    "disabled_at": None,
    "limits": {"budget_usd": "50.00", "running_jobs": 4},
}
_JOB: Final = {
    "id": JOB,
    "name": "capitals",
    "kind": "dataset",
    "status": "completed",
    "status_reason": "",
    "template": {"id": TEMPLATE, "name": "capitals", "version": 1, "digest": SEEDS[::-1]},
    "seeds": {"": SEEDS},
    "random_seed": 7,
    "models": {"cheap": MODEL},
    "records": {"asked": 1000, "accepted": 1000, "rejected": 110, "in_flight": 0},
    "money": {"budget_usd": "2.50", **_SPENT, "lost_usd": "0.00", "held_usd": "0.00"},
    "calls": {"made": 1110, "retried": 3, "failed": 0, "replayed": 0},
    "tokens": _TOKENS,
    "records_per_second": 8.4,
    "eta_seconds": None,
    "workers": 0,
    "created_at": THEN,
    "started_at": THEN,
    "finished_at": LATER,
}
_ROW: Final = {
    "slot": 0,
    "attempt": 0,
    "status": "accepted",
    "record": _RECORD,
    "reason": None,
    "detail": "",
    "score": 5.0,
    "mark": {"mark": "good", "note": "", "at": LATER},
    "finished_at": THEN,
}
_REJECT: Final = {
    **_ROW,
    "status": "rejected",
    "reason": "question too short",
    "detail": "Which?",
    "score": None,
    "mark": None,
}
_FINDINGS: Final = {
    "findings": [
        {
            "severity": "error",
            "code": "unknown_name",
            "message": "Nothing is named 'citty'.",
            "suggestion": "Did you mean 'city'?",
            "line": 5,
            "column": 13,
            "path": "steps.question.prompt",
        }
    ]
}
_SEED_SET: Final = {
    "id": SEEDS,
    "name": "cities.jsonl",
    "rows": 3,
    "bytes": 81,
    "columns": [{"name": "city", "types": ["string"], "present": 3, "sample": '"Lima"'}],
    "job": None,
    "created_at": THEN,
}
_ORDER: Final = {
    "template": TEMPLATE,
    "seeds": SEEDS,
    "records": 1000,
    "budget_usd": "2.50",
    "models": {"cheap": MODEL},
}
_OWN_MODEL: Final = {
    "base_url": "https://llm.example.org/v1",
    "context": 32_768,
    "max_in_flight": 64,
    "rpm": 6000,
    "tpm": None,
}
_STEP: Final = {"id": "question", "system": None, "prompt": "Write a terse question about Lima."}

EXAMPLES: Final[Mapping[str, Any]] = {
    # Accounts
    "SignupIn": {"email": "ann@example.org", "password": "correct horse battery staple"},
    "LoginIn": {"email": "ann@example.org", "password": "correct horse battery staple"},
    "TokenIn": {"token": "gmv_q--FvEWct9XgjtKhR6JT0FS7UotOSKarQvafYZvBQqw"},
    "RefreshIn": {"refresh_token": "gmr_q--FvEWct9XgjtKhR6JT0FS7UotOSKarQvafYZvBQqw"},
    "ForgotIn": {"email": "ann@example.org"},
    "ResetIn": {"token": "gmp_q--FvEWct9XgjtKhR6JT0FS7UotOSKarQvafYZvBQqw", "password": "a battery staples horses"},
    "ChangePasswordIn": {
        "current_password": "correct horse battery staple",
        "password": "a battery staples horses",
    },
    "DeleteMeIn": {"password": "correct horse battery staple"},
    "KeyIn": {"name": "nightly", "scopes": ["read"], "expires_at": "2027-11-23T00:00:00Z"},
    "UserChangeIn": {"limits": {"budget_usd": "50.00", "running_jobs": 4}},
    "Accepted": {"message": "Open the link that was mailed to you."},
    "LoginShape": {
        "access_token": "gma_q--FvEWct9XgjtKhR6JT0FS7UotOSKarQvafYZvBQqw",
        "refresh_token": "gmr_T0FS7UotOSKarQvafYZvBQqwq--FvEWct9XgjtKhR6J",
        "expires_in": 900,
        "token_type": "bearer",
    },
    "UserShape": _USER,
    "KeyShape": _KEY,
    "NewKeyShape": {**_KEY, "key": "gmk_q--FvEWct9XgjtKhR6JT0FS7UotOSKarQvafYZvBQqw"},
    "AuditShape": {
        "sequence": 3,
        "at": THEN,
        "action": "session.opened",
        "user": USER,
        "subject": "c664f2d2cc5b6793",
        "address": "192.0.2.1",
        "request_id": "358fd4d3c3f4409d",
        "fields": {},
    },
    # Templates
    "SourceIn": {"source": SOURCE},
    "LintIn": {"source": SOURCE, "seeds": SEEDS},
    "PreviewIn": {"source": SOURCE, "seeds": SEEDS, "n": 1},
    "ForkIn": {"version": 1},
    "TemplateShape": _TEMPLATE,
    "TemplateWithSource": {**_TEMPLATE, "source": SOURCE, "version_created_at": THEN},
    "VersionShape": {"version": 1, "created_at": THEN, "takes": {}},
    "DiffShape": {
        "old": 1,
        "new": 2,
        "unified": "--- capitals@1\n+++ capitals@2\n@@ -1 +1 @@\n-name: capitals\n+name: towns\n",
        "hunks": [
            [
                {"kind": "removed", "text": "name: capitals", "old": 1, "new": None},
                {"kind": "added", "text": "name: towns", "old": None, "new": 1},
            ]
        ],
    },
    "LintShape": _FINDINGS,
    "PreviewShape": {
        "items": [
            {"slot": 0, "attempt": 0, "seed": {"city": "Lima"}, "values": {"tone": "terse"}, "steps": [_STEP]},
        ],
        "job": None,
    },
    # Seeds
    "Body_upload_seeds": {"file": '{"city": "Lima"}\n{"city": "Oslo"}\n', "split": 1500},
    "UploadIn": {"name": "cities.jsonl.gz"},
    "UploadCompleteIn": {"split": 1500, "encoding": ""},
    "SeedCheckIn": {"template": TEMPLATE},
    "SeedsGenerateIn": {"template": TEMPLATE, "n": 100, "budget_usd": "0.50", "name": "cities"},
    "SeedSetShape": _SEED_SET,
    "UploadShape": {
        "id": "5f3c9a0e7b1d4c22",
        "url": "https://bucket.s3.amazonaws.com/uploads/5f3c9a0e7b1d4c22?X-Amz-Signature=…",
        "expires_at": LATER,
    },
    "SeedRowShape": {"row": 0, "seed": {"city": "Lima"}},
    # Jobs
    "OrderIn": _ORDER,
    "JobIn": {**_ORDER, "name": "capitals", "random_seed": 7},
    "TopUpIn": {"budget_usd": "5.00"},
    "ExtendIn": {"records": 2000},
    "JobShape": _JOB,
    "EstimateShape": {
        "records": 1000,
        "attempts": _RANGE,
        "calls": 1110,
        "tokens": _TOKEN_RANGES,
        "cost_usd": {**_USD_RANGE, "worst": "1.90"},
        "seconds": {"low": 60.0, "likely": 120.0, "high": 400.0},
        "acceptance": {"rate": 0.9, "low": 0.6, "high": 1.0, "from": "assumed"},
        "short": {"low": 0.0, "likely": 1.0, "high": 64.0},
        "models": {MODEL: {"calls": 1110, "tokens": _TOKEN_RANGES, "cost_usd": _USD_RANGE}},
        "basis": "prompts of 32 slots rendered from your seeds, 90% of attempts accepted; none of it was measured",
        "warnings": ["Up to 64 of 1000 records may use up their attempts."],
        "pilot": None,
    },
    # Records
    "MarksIn": {"slots": [0, 3], "mark": "good", "note": "as it should be"},
    "RecordShape": _ROW,
    "TraceShape": {
        "slot": 0,
        "status": "accepted",
        "record": _RECORD,
        "seed_row": 0,
        "seed": {"city": "Lima"},
        "values": {"tone": "terse"},
        "attempts": [
            {
                "attempt": 0,
                "outcome": "accepted",
                "reason": None,
                "detail": "",
                "calls": [{"step": "question", "repair": 0, "kind": "call", "model": MODEL, "cost_usd": "0.00012"}],
                "checks": [],
            }
        ],
        "mark": None,
    },
    "RejectsShape": {
        "rejected": 110,
        "reasons": [{"reason": "question too short", "count": 110, "examples": [_REJECT]}],
    },
    "LedgerShape": {
        "items": [
            {
                "at": THEN,
                "slot": 0,
                "attempt": 0,
                "step": "question",
                "kind": "call",
                "certainty": "billed",
                "model": MODEL,
                "tokens": {"input": 31, "output": 34, "cached": 0, "cache_written": 0, "reasoning": 0},
                "cost_usd": "0.0000668",
                "price_table": "2026-11-01",
            }
        ],
        "next_cursor": None,
        "totals": {**_SPENT, "lost_usd": "0.00"},
    },
    "StatisticsShape": {
        "accepted": 1000,
        "rejected": 110,
        "rejects": {"question too short": 110},
        "duplicates": {"duplicate": 0, "near_duplicate": 0},
        "counted": 1000,
        "is_whole": True,
        "fields": {"question": {"lengths": {"count": 1000, "least": 21, "median": 32, "p95": 60, "most": 91}}},
    },
    # Exports
    "ExportIn": {"format": "parquet", "lineage": True, "marks": "not_bad"},
    "ExportShape": {
        "id": EXPORT,
        "job": JOB,
        "format": "parquet",
        "split": None,
        "partition_by": None,
        "lineage": True,
        "marks": "not_bad",
        "status": "done",
        "detail": "",
        "name": "dataset.parquet",
        "records": 1000,
        "bytes": 65_900,
        "sha256": "2628a0ef99e998f2a0037bb66b63c8d5c5fb7d5c0a3447f60685704dd52a9f84",
        "created_at": LATER,
        "finished_at": LATER,
    },
    # Dashboard, settings and operations
    "StatsShape": {
        "jobs": {"completed": 3, "running": 1},
        "records": 4000,
        "calls": 4440,
        "tokens": _TOKENS,
        **_SPENT,
        "lost_usd": "0.00",
        "held_usd": "0.01",
    },
    "CostsShape": {
        "items": [{"day": "2026-11-23", "model": MODEL, "calls": 1110, "tokens": _TOKENS, **_SPENT}],
        "totals": {"calls": 1110, **_SPENT},
    },
    "UserModelsIn": {
        "aliases": {"cheap": "openai:mine"},
        "models": {"openai:mine": {**_OWN_MODEL, "api_key": "sk-…", "input_usd": 0.1, "output_usd": 0.4}},
    },
    "UserModelsShape": {
        "aliases": {"cheap": "openai:mine"},
        "models": {"openai:mine": {**_OWN_MODEL, "has_api_key": True, "input_usd": "0.1", "output_usd": "0.4"}},
    },
    "ModelList": {
        "items": [
            {
                "model": MODEL,
                "aliases": ["cheap"],
                "input_usd": "0.4",
                "output_usd": "1.6",
                "price_table": "2026-11-01",
                "context": 1_047_576,
                "problem": "",
            }
        ],
        "providers": ["openai", "local"],
    },
    "ModelTestIn": {"model": "cheap", "budget_usd": "0.05"},
    "ModelTestShape": {"job": {**_JOB, "kind": "test"}, "items": [{"slot": 0, "attempt": 0, "record": _RECORD}]},
    "Health": {"status": "ok"},
    "Readiness": {"is_ready": True, "parts": [{"name": "store", "is_ready": True, "detail": ""}]},
}


def example_of(shape: str) -> Any | None:  # noqa: ANN401 - a JSON value
    """The example of a shape; of a page, one with an example of its item. None where there is none."""
    if shape.startswith("Page_"):
        item = EXAMPLES.get(shape.removeprefix("Page_").removesuffix("_"))
        return None if item is None else {"items": [item], "next_cursor": None}
    return EXAMPLES.get(shape)
