"""The OpenAPI document: FastAPI's, made whole by what every operation shares."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from gristmill import __version__
from gristmill.api.examples import example_of
from gristmill.api.idempotency import HEADER as IDEMPOTENCY
from gristmill.api.idempotency import REPLAYED
from gristmill.api.links import LINKS
from gristmill.api.problems import Problem, ProblemItem, problem_responses
from gristmill.server.request_ids import HEADER as REQUEST_ID

Document = dict[str, Any]

JSON: Final = "application/json"

ABOUT: Final = """Datasets made with language models: exactly N good records, never over budget, nothing lost.

Send an access token of `POST /auth/login`, or an API key, as `Authorization: Bearer …`. Errors are problem documents
(RFC 9457) with a stable `code`. Lists page with an opaque `cursor`. Money is a decimal string in US dollars. A POST
with an `Idempotency-Key` is done once, however often it is sent. What belongs to somebody else is not found."""

TAGS: Final = (
    {"name": "auth", "description": "Accounts, logins and API keys."},
    {"name": "templates", "description": "What one record is and how models make it, in versions that never change."},
    {"name": "seeds", "description": "Your own rows, named by their digest."},
    {"name": "jobs", "description": "Orders of records, with a budget that is a wall."},
    {"name": "records", "description": "What a job made, why the rest was rejected, and what each call cost."},
    {"name": "exports", "description": "Datasets in a format, to download."},
    {"name": "dashboard", "description": "What was made and spent, in numbers."},
    {"name": "settings", "description": "Models: yours, and those that can be called."},
    {"name": "admin", "description": "Users and the audit log, for admins."},
    {"name": "operations", "description": "For machines that watch the server."},
)

HEADERS: Final = {
    REQUEST_ID: {
        "description": "The id of this request in the server's log; one that you send is kept if it is a plain one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
    },
    "WWW-Authenticate": {
        "description": "How to say who you are.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    },
    "Retry-After": {
        "description": "In how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    REPLAYED: {
        "description": "`true` where an earlier request with this key was answered, and nothing was done now.",
        "schema": {"type": "string", "const": "true"},
    },
}
# What a status always comes with, besides the request's id.
HEADERS_OF: Final = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ()}


def operation_id(route: APIRoute) -> str:
    """An endpoint's name in its module, which no other module may use."""
    return route.name


def describe(app: FastAPI) -> Document:
    """The document, built once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Gristmill", version=__version__, description=ABOUT, routes=app.routes, tags=[*TAGS]
        )
        _add_components(document["components"])
        operations = {operation["operationId"]: operation for operation in _operations(document)}
        for operation in operations.values():
            _add_refusals(operation)
            _add_headers(operation)
            _drop_item_schemas(operation)
            _drop_nulls(operation)
            _add_examples(operation)
        _add_links(operations)
        app.openapi_schema = document
    return app.openapi_schema


def _operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from path.values()


def _add_components(components: Document) -> None:
    schemas = components["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas["Problem"].pop("$defs", None)
    schemas["ProblemItem"] = ProblemItem.model_json_schema()
    components["headers"] = HEADERS


def _add_refusals(operation: Document) -> None:
    """What is refused before an endpoint is asked: a body that is too large, and a key used for something else."""
    refusals: set[int] = set()
    if "requestBody" in operation:
        refusals.add(413)
    if any(parameter["name"].lower() == IDEMPOTENCY.lower() for parameter in operation.get("parameters", ())):
        refusals.add(409)
    if refusals:
        for status, response in problem_responses(*refusals).items():
            operation["responses"].setdefault(str(status), response)
    # FastAPI writes its own 422 for whatever has a parameter.
    for status, response in operation["responses"].items():
        if status == "422":
            response.update(problem_responses()[422])
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _add_headers(operation: Document) -> None:
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        for name in (REQUEST_ID, *HEADERS_OF.get(status, ())):
            headers[name] = {"$ref": f"#/components/headers/{name}"}


def _drop_item_schemas(operation: Document) -> None:
    """FastAPI writes a word of OpenAPI 3.2 into its documents of 3.1."""
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            content.pop("itemSchema", None)


def _drop_nulls(operation: Document) -> None:
    """A parameter may be left out, but there is no way to send null in it."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1:
            del schema["anyOf"]
            schema.update(choices[0])


def _add_examples(operation: Document) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for content in (content for body in bodies for content in body.get("content", {}).values()):
        example = example_of(_shape_of(content.get("schema", {})))
        if example is not None:
            content["example"] = example


def _shape_of(schema: Document) -> str:
    """The name of the shape a schema refers to, be it alone or with null."""
    for part in (schema, *schema.get("anyOf", ())):
        if "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return ""


def _add_links(operations: Document) -> None:
    for link in LINKS:
        responses = operations[link.source]["responses"]
        success = next(response for status, response in responses.items() if status.startswith("2"))
        success.setdefault("links", {})[link.name] = link.document
