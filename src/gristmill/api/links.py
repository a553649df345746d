"""What leads from one operation to the next: the links of the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gristmill.domain.json import JsonObject

ID: Final = "$response.body#/id"
SAME: Final = "$request.path.id"
FIRST: Final = "$response.body#/items/0/id"

# What can be asked with the id of a template, seed set or job, and needs nothing more.
OF_TEMPLATE: Final = (
    "show_template",
    "delete_template",
    "list_versions",
    "show_source",
    "fork_template",
    "archive_template",
    "unarchive_template",
    "publish_template",
    "unpublish_template",
)
OF_SEEDS: Final = ("show_seeds", "delete_seeds", "list_rows")
OF_JOB: Final = (
    "show_job",
    "delete_job",
    "pause_job",
    "resume_job",
    "cancel_job",
    "top_up_job",
    "extend_job",
    "clone_job",
    "browse_records",
    "show_trace",
    "mark_slots",
    "show_rejects",
    "show_ledger",
    "show_statistics",
    "create_export",
    "list_exports",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """From what an operation answers to a call of another: its parameters and members of its body."""

    source: str
    target: str
    path: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique among the links of a response."""
        return f"{self.target}_{'_'.join(self.body)}" if self.body else self.target

    @property
    def document(self) -> JsonObject:
        """The link object of OpenAPI."""
        document: dict[str, Any] = {"operationId": self.target}
        if self.path:
            document["parameters"] = {f"path.{name}": expression for name, expression in self.path.items()}
        if self.body:
            document["requestBody"] = dict(self.body)
        return document


def _with_id(source: str, targets: tuple[str, ...], expression: str = ID) -> tuple[Link, ...]:
    return tuple(Link(source=source, target=target, path={"id": expression}) for target in targets)


LINKS: Final = (
    Link(source="log_in", target="refresh", body={"refresh_token": "$response.body#/refresh_token"}),
    *_with_id("make_key", ("revoke_key",)),
    *_with_id("create_template", (*OF_TEMPLATE, "save_template", "compare_versions")),
    *_with_id("list_templates", ("show_template",), FIRST),
    *_with_id("list_public_templates", ("show_template", "fork_template"), FIRST),
    *_with_id("fork_template", OF_TEMPLATE),
    Link(source="create_template", target="create_job", body={"template": ID}),
    Link(source="create_template", target="estimate_job", body={"template": ID}),
    Link(source="create_template", target="generate_seeds", body={"template": ID}),
    *_with_id("upload_seeds", OF_SEEDS),
    *_with_id("list_seeds", OF_SEEDS, FIRST),
    Link(source="upload_seeds", target="check_seeds", path={"id": ID}),
    *_with_id("begin_upload", ("end_upload",)),
    *_with_id("create_job", (*OF_JOB, "follow_job")),
    *_with_id("clone_job", OF_JOB),
    *_with_id("generate_seeds", ("show_job", "cancel_job")),
    *_with_id("list_jobs", OF_JOB, FIRST),
    *_with_id("create_export", ("download_export",)),
    *_with_id("list_exports", ("download_export",), FIRST),
    *_with_id("list_users", ("change_user",), FIRST),
    Link(
        source="browse_records",
        target="show_trace",
        path={"id": SAME, "slot": "$response.body#/items/0/slot"},
    ),
)
