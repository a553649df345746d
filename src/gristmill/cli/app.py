"""The tree of verbs; each is imported when it is called, so that `--help` answers at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from cyclopts import App, Group

from gristmill import __version__

ORDERS = Group("Making records", sort_key=1)
JOBS = Group("Jobs", sort_key=2)
MODELS = Group("Models and settings", sort_key=3)

EXAMPLE = """Example, with a model that needs no key:

    gristmill init demo && cd demo
    gristmill run templates/support-qa.yaml --seeds examples/products.jsonl --records 20"""


def build_app(arguments: Sequence[str] = ()) -> App:
    """The command line with all its verbs. The one that `arguments` call tells of itself at length."""
    app = App(
        name="gristmill",
        help="Make datasets with language models: exactly N good records, never over budget, nothing lost.",
        help_epilogue=EXAMPLE,
        help_format="plaintext",
        version=__version__,
        group_commands=Group("Commands", sort_key=9),
    )
    for place, (name, group, text) in enumerate(VERBS):
        app.command(
            f"gristmill.cli.{name}:{name}",
            name=name,
            group=group,
            help=_brief(name, text, arguments),
            help_epilogue="",
            sort_key=place,
        )
    for noun in GROUPS:
        app.command(_group_app(noun, arguments))
    return app


VERBS = (
    ("init", ORDERS, "Write a starter template and seeds into a folder."),
    ("lint", ORDERS, "Check a template, and seeds against it."),
    ("preview", ORDERS, "Look at a few records before making many."),
    ("estimate", ORDERS, "Say what an order will cost and how long it will take."),
    ("run", ORDERS, "Make records; run the same command again to continue."),
    ("export", ORDERS, "Write a job's records to a file."),
    ("serve", JOBS, "Serve the HTTP API, with workers that look after themselves."),
    ("worker", JOBS, "Make records of one job, or of all jobs in turn (`run` and `serve` start these)."),
    ("prices", MODELS, "Show what models cost."),
    ("schema", MODELS, "Print the JSON Schema of a template, for editors."),
    ("doctor", MODELS, "Show every setting, where it comes from, and try each part."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbGroup:
    """Verbs of one noun: each with its function in the module of that name, and a line about it."""

    name: str
    place: Group
    help: str
    verbs: tuple[tuple[str, str, str], ...]


GROUPS = (
    VerbGroup(
        name="templates",
        place=ORDERS,
        help="Keep templates, and take from them.",
        verbs=(
            ("list", "list_templates", "List the templates of the library."),
            ("push", "push_template", "Keep a template as the next version of its name."),
            ("pull", "pull_template", "Print a kept template, or write it to a file."),
            ("history", "show_history", "List every version of a template."),
        ),
    ),
    VerbGroup(
        name="jobs",
        place=JOBS,
        help="List, show, pause, resume, cancel or top up jobs.",
        verbs=(
            ("list", "list_jobs", "List the jobs of a folder, newest first."),
            ("show", "show_job", "Show one job: records, money, rejects."),
            ("pause", "pause_job", "Stop a job so that it can go on later."),
            ("resume", "resume_job", "Let a paused or ended job go on."),
            ("cancel", "cancel_job", "Stop a job; what it made is kept."),
            ("top-up", "top_up_job", "Give a job a larger budget."),
        ),
    ),
    VerbGroup(
        name="models",
        place=MODELS,
        help="List, pull or test models.",
        verbs=(
            ("list", "list_models", "List aliases and the models you have described."),
            ("pull", "pull_model", "Fetch the small model that runs on this machine."),
            ("test", "try_model", "Ask a model one short question."),
        ),
    ),
)


def _brief(verb: str, text: str, arguments: Sequence[str]) -> str | None:
    # A text given here would take the place of the verb's own, which only importing it can show.
    return None if verb in arguments else text


def _group_app(noun: VerbGroup, arguments: Sequence[str]) -> App:
    app = App(name=noun.name, group=noun.place, help_epilogue="", help=noun.help)
    for verb, function, text in noun.verbs:
        app.command(f"gristmill.cli.{noun.name}:{function}", name=verb, help=_brief(verb, text, arguments))
    return app
