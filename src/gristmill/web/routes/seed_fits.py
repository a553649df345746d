"""Whether rows are what templates need: many templates at a glance, or one against every row."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from gristmill.domain.ids import Digest
from gristmill.errors import GristmillError, NotFoundError
from gristmill.library.fitting import find_fits, names_of
from gristmill.ports.templates import TemplateQuery
from gristmill.server.caller import Caller
from gristmill.server.seeds import check_rows, read_recipe
from gristmill.server.statuses import status_of
from gristmill.web.page import is_part, render
from gristmill.web.visitor import Visitor

router = APIRouter()

MOST_CHOICES = 200

SeedsPath = Annotated[str, Path(alias="id", max_length=64)]
Id = Annotated[str, Query(max_length=64)]


@router.get("/seeds/{id}/fits")
async def show_fits(request: Request, caller: Visitor, seeds: SeedsPath) -> Response:
    """How the templates that were changed last stand to the first rows; the rest is a choice away."""
    service = caller.service
    line = await service.store.read_seeds(caller.user, Digest(seeds))
    fits = await find_fits(line.digest, caller.user, service.store, service.blobs)
    name = "seeds/fits_part.html" if is_part(request) else "seeds/fits.html"
    return render(request, name, line=line, fits=fits)


@router.get("/seeds/{id}/check")
async def show_check(request: Request, caller: Visitor, seeds: SeedsPath, template: Id = "", name: Id = "") -> Response:
    """What all rows lack of what a template needs of its seeds of that name, and what nothing uses."""
    store = caller.service.store
    line = await store.read_seeds(caller.user, Digest(seeds))
    choices = (await store.list_templates(caller.user, TemplateQuery(limit=MOST_CHOICES))).items
    try:
        checked = await _check(seeds, template, name, caller) if template else None
        wrong = None
    except NotFoundError:
        raise
    except GristmillError as error:
        checked, wrong = None, error
    return render(
        request,
        "seeds/check.html",
        status=status_of(wrong) if wrong else 200,
        line=line,
        choices=choices,
        checked=checked,
        wrong=wrong,
        template=template,
        name=name,
    )


async def _check(seeds: str, template: str, name: str, caller: Caller) -> dict[str, object]:
    recipe = await read_recipe(template, caller)
    names = names_of(recipe)
    # A template may take rows by a name alone: then that is what is meant by none.
    meant = name or ("" if not names or "" in names else names[0])
    found = await check_rows(seeds, recipe, caller, meant)
    return {
        "template": recipe.name,
        "name": meant,
        "names": names,
        "errors": [finding for finding in found if finding.severity == "error"],
        "warnings": [finding for finding in found if finding.severity == "warning"],
    }
