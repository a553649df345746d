"""What settings make of accounts: the secret, who may reach an open server, mail, and a user's models."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from gristmill.accounts.login import log_in
from gristmill.adapters.passwords import Argon2Cost
from gristmill.adapters.routing import CheckedModels
from gristmill.adapters.sealing import FernetSealer
from gristmill.cli.doctor import doctor, mask_secret
from gristmill.domain.account import UserLimits
from gristmill.domain.completion import Completion, Message, ModelName, Sampling
from gristmill.domain.model import Model
from gristmill.domain.user_models import UserModel, UserModels
from gristmill.errors import BadInputError, CallRefusedError, UnauthenticatedError, UnknownModelError
from gristmill.wiring.accounts import account_rules, auth_of, open_account_ports, open_mailer, refuse_open_none
from gristmill.wiring.ports import open_models, open_store_at
from gristmill.wiring.secret import read_secret
from gristmill.wiring.settings import Settings, SmtpSettings, read_settings
from gristmill.wiring.user_models import aliases_for_owner, models_for_owner, prices_for_owner
from support.people import ADA, HERE
from support.provider import Conduct, serve

MINE = ModelName("openai:mine")
SEALER = FernetSealer.of("a secret of this test, and of no other")
READ = """
from gristmill.wiring.secret import read_secret
from gristmill.wiring.settings import read_settings
print(read_secret(read_settings()))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GRISTMILL_STORE", "GRISTMILL_SECRET", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRISTMILL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_secret_is_made_once_for_its_owner_alone(home: Path) -> None:
    secret = read_secret(read_settings())
    assert len(secret) >= 32
    assert read_secret(read_settings()) == secret
    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["secret.key"]


def test_servers_that_start_at_once_have_one_secret() -> None:
    command = [sys.executable, "-c", READ]
    servers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    said = {server.communicate(timeout=60)[0] for server in servers}
    assert len(said) == 1
    assert len(said.pop()) > 32


def test_a_secret_that_others_can_read_or_that_is_short_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_secret(read_settings())
    (home / "secret.key").chmod(0o644)
    with pytest.raises(BadInputError, match="chmod 600"):
        read_secret(read_settings())
    monkeypatch.setenv("GRISTMILL_SECRET", "short")
    with pytest.raises(BadInputError, match="GRISTMILL_SECRET is too short"):
        read_secret(read_settings())
    monkeypatch.setenv("GRISTMILL_SECRET", "s" * 32)
    assert read_secret(read_settings()) == "s" * 32


def test_what_was_sealed_under_another_secret_or_changed_is_refused_in_a_sentence() -> None:
    sealed = SEALER.seal("sk-1")
    assert SEALER.seal("sk-1") != sealed
    assert SEALER.unseal(sealed) == "sk-1"
    for other, text in ((FernetSealer.of("another secret"), sealed), (SEALER, sealed[:-4] + "AAAA"), (SEALER, "")):
        with pytest.raises(BadInputError, match="give the key again"):
            other.unseal(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_a_server_without_accounts_may_be_reached_from_this_machine(host: str) -> None:
    refuse_open_none("none", host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "10.0.0.1", "example.org", "localhost.example.org"]
)
def test_a_server_without_accounts_is_refused_on_any_other_address(host: str) -> None:
    with pytest.raises(BadInputError, match="Without accounts"):
        refuse_open_none("none", host)
    refuse_open_none("local", host)


def test_how_people_are_known_is_one_of_two_ways() -> None:
    assert [auth_of(Settings.model_construct(auth=auth)) for auth in ("local:", "none:", "none")] == [
        "local",
        "none",
        "none",
    ]
    with pytest.raises(BadInputError, match="local: or none:"):
        auth_of(Settings.model_construct(auth="everybody:"))


def test_the_environment_sets_what_a_server_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SMTP__HOST": "mail.example.org",
        "SMTP__PASSWORD": "hunter2hunter2",
        "LIMITS__BUDGET_USD": "2.5",
        "LIMITS__RUNNING_JOBS": "3",
        "SIGNUP": "closed",
        "PUBLIC_URL": "https://mill.example.org",
    }.items():
        monkeypatch.setenv(f"GRISTMILL_{name}", value)
    settings = read_settings()
    rules = account_rules(settings, "http://127.0.0.1:8000")
    assert (rules.is_signup_open, rules.public_url) == (False, "https://mill.example.org")
    assert rules.limits == UserLimits(budget=2_500_000_000, running=3)  # type: ignore[arg-type]
    assert "hunter2" not in repr(settings)


async def test_a_mail_server_without_a_sender_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"set smtp\.sender"):
        async with open_mailer(SmtpSettings(host="mail.example.org")):
            pass


async def test_ports_of_accounts_open_over_a_store_and_its_settings(home: Path) -> None:
    settings = read_settings()
    store = await open_store_at(settings.store_url)
    cheap = Argon2Cost(passes=1, memory_kib=8, lanes=1)
    async with open_account_ports(store, settings, address="http://127.0.0.1:8000", cost=cheap) as ports:
        with pytest.raises(UnauthenticatedError):
            await log_in(ADA, "a password of nobody", HERE, ports)
    await store.close()
    assert (home / "secret.key").is_file()


async def test_doctor_shows_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = {"SECRET": "the-secret-of-a-server-0123456789abcd", "SMTP__PASSWORD": "the-password-of-mail-wxyz"}
    for name, value in secrets.items():
        monkeypatch.setenv(f"GRISTMILL_{name}", value)
    monkeypatch.setenv("GRISTMILL_SMTP__HOST", "mail.example.org")
    monkeypatch.setenv("GRISTMILL_SMTP__USER", "mill")
    await doctor()
    shown = capsys.readouterr().out
    assert "the-" not in shown
    assert "…abcd" in shown
    assert [mask_secret(value) for value in ("", "short", "long enough to")] == ["", "…", "…h to"]


def a_user_model(base_url: str, key: str = "") -> UserModels:
    model = UserModel(
        base_url=base_url,
        sealed_key=SEALER.seal(key) if key else "",
        input_usd=Decimal(1),
        output_usd=Decimal(2),
    )
    return UserModels(aliases={"cheap": MINE}, models={MINE: model})


def open_for(own: UserModels, order: Mapping[ModelName, Model] | None = None) -> CheckedModels:
    settings = read_settings()
    return models_for_owner(settings, own, SEALER, order or {}, shared=open_models(settings))


def asking(name: ModelName) -> Completion:
    messages = (Message(role="user", content="hello"),)
    return Completion(model=name, messages=messages, sampling=Sampling(max_tokens=50, timeout_seconds=5))


async def test_a_users_model_is_guarded_and_the_owners_beside_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Conduct()) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "the-owners-key")
        models = open_for(a_user_model(provider.base_url))
        await models.complete(asking(ModelName("openai:ours")))
        with pytest.raises(CallRefusedError, match="private network"):
            await models.complete(asking(MINE))
        await models.close()
        assert provider.stats()["calls"] == 1


async def test_a_users_model_is_called_with_the_users_key_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-owners-key")
    monkeypatch.setenv("GRISTMILL_ALLOW_PRIVATE_MODELS", "true")
    with serve(Conduct()) as provider:
        for key in ("the-users-key", ""):
            models = open_for(a_user_model(provider.base_url, key))
            await models.complete(asking(MINE))
            await models.close()
            sent = [line for line in provider.last()["headers"].splitlines() if line.startswith("Authorization")]
            assert sent == ([f"Authorization: Bearer {key}"] if key else [])


async def test_a_model_is_priced_as_its_user_says_and_is_marked_as_theirs() -> None:
    own = a_user_model("https://models.example.org/v1", "sk-1")
    prices = prices_for_owner(read_settings(), own, SEALER)
    model = prices.find_model(MINE)
    assert (model.price.rates.input, model.price.table) == (1_000_000_000, "own: user")
    with pytest.raises(UnknownModelError, match="OPENAI_API_KEY"):
        prices.find_model(ModelName("openai:gpt-4.1-mini"))
    aliases = aliases_for_owner(read_settings(), own)
    assert (aliases["cheap"], aliases["premium"]) == (MINE, "local:smollm2")


async def test_a_model_that_its_user_withdrew_is_not_called_at_the_owners_expense() -> None:
    own = a_user_model("https://models.example.org/v1", "sk-1")
    order = {MINE: prices_for_owner(read_settings(), own, SEALER).find_model(MINE)}
    await open_for(own, order).close()
    with pytest.raises(UnknownModelError, match="a model of your own"):
        open_for(replace(own, models={}), order)
