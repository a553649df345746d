"""`gristmill doctor`: every setting with where it comes from, and each part tried."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from gristmill.cli.boundary import BAD_INPUT, OK
from gristmill.cli.job_store import find_jobs
from gristmill.cli.terminal import OUT, count
from gristmill.domain.completion import ModelName
from gristmill.errors import GristmillError
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.wiring.places import folder_place, settings_place, show_url
from gristmill.wiring.ports import find_prices, open_job_ports
from gristmill.wiring.settings import Settings, origins, read_settings

KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
SHOWN_LETTERS = 4
PROBE = b"gristmill doctor"


async def doctor(*, folder: Annotated[Path | None, Parameter(name="--dir")] = None) -> int:
    """Show every setting, where it comes from, and try each part. Exits with 2 when something does not work.

    Example: gristmill doctor

    Parameters
    ----------
    folder
        The folder of a run; else ./out, or the settings' store.
    """
    found = find_jobs(folder)
    settings = read_settings(found)
    OUT.print(_settings_table(settings, found))
    OUT.print()
    fine = [await _try(name, probe) for name, probe in _probes(settings, found)]
    return OK if all(fine) else BAD_INPUT


def mask(name: str, value: str) -> str:
    """A value as it may be shown: of a secret, only its last letters."""
    return mask_secret(value) if "KEY" in name.upper() else value


def mask_secret(value: str) -> str:
    """Of a secret only its last letters, and of a short one nothing."""
    if not value:
        return ""
    return f"…{value[-SHOWN_LETTERS:]}" if len(value) > 2 * SHOWN_LETTERS else "…"


def _settings_table(settings: Settings, folder: Path | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("setting", "value", "from"):
        table.add_column(name)
    shown = {
        "home": str(settings.home_folder),
        "store": show_url(settings.store_url),
        "blobs": settings.blobs_url,
        "auth": settings.auth,
        "executor": settings.executor,
        "models": ", ".join([*settings.models.aliases, *settings.models.entries]) or "none",
        **_shown_server(settings),
    }
    for name, origin in origins(folder, os.environ).items():
        table.add_row(name, shown[name], Text(origin, style="dim"))
    for key in KEYS:
        value = os.environ.get(key)
        table.add_row(key, mask(key, value) if value else "not set", Text("environment" if value else "", style="dim"))
    return table


def _shown_server(settings: Settings) -> dict[str, str]:
    smtp, limits = settings.smtp, settings.limits
    login = f"{smtp.user} {mask_secret(smtp.password.get_secret_value())}".strip() if smtp.user else "no login"
    budget = "none" if limits.budget_usd is None else f"${limits.budget_usd}"
    return {
        "secret": mask_secret(settings.secret.get_secret_value()) or "made in home at the first start",
        "public_url": settings.public_url or "the address served",
        "signup": settings.signup,
        "smtp": f"{smtp.host}:{smtp.port} ({smtp.tls}), {login}" if smtp.host else "none: mail is shown on the console",
        "limits": f"budget {budget}, running jobs {limits.running_jobs or 'unlimited'}",
        "allow_private_models": "yes" if settings.allow_private_models else "no",
        "trusted_proxies": settings.trusted_proxies or "none",
    }


def _probes(settings: Settings, folder: Path | None) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    place = folder_place(folder) if folder is not None else settings_place(settings)
    prices = find_prices(settings, {}, callable_only=True)

    async def probe_jobs() -> str:
        async with open_job_ports(place, prices) as ports:
            jobs = await ports.store.list_jobs()
            await ports.blobs.put_new("doctor/probe", PROBE)
            await ports.blobs.delete("doctor/probe")
        return f"{count(len(jobs), 'job')} in {show_url(place.store_url)}"

    def probe_model(name: ModelName) -> Callable[[], Awaitable[str]]:
        async def probe() -> str:
            return f"price table {prices.find_model(name).price.table}"

        return probe

    models = sorted({*STARTING_ALIASES.values(), *settings.models.aliases.values(), *settings.models.entries})
    return [("store and blobs", probe_jobs), *((name, probe_model(ModelName(name))) for name in models)]


async def _try(name: str, probe: Callable[[], Awaitable[str]]) -> bool:
    try:
        words = await probe()
    except (GristmillError, OSError) as error:
        OUT.print(Text.assemble(("✗ ", "bold red"), f"{name}: {error}"))
        return False
    OUT.print(Text.assemble(("✓ ", "bold green"), f"{name}  ", (words, "dim")))
    return True
