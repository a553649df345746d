from decimal import Decimal
from pathlib import Path

import pytest

from gristmill.domain.completion import ModelName
from gristmill.errors import BadInputError, UnknownModelError
from gristmill.wiring.places import find_folder, folder_place, settings_place, show_url
from gristmill.wiring.ports import find_prices, local_path, open_blobs, open_store_at
from gristmill.wiring.settings import origins, read_settings
from support.postgres import fresh_database

MINE = """
[models.aliases]
cheap = "openai:mine"
[models."openai:mine"]
base_url = "http://127.0.0.1:8000/v1"
api_key_env = "MY_KEY"
input_usd = 0.5
output_usd = 2.0
max_in_flight = 7
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GRISTMILL_HOME", "GRISTMILL_STORE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_a_file_everything_lies_under_home() -> None:
    settings = read_settings()
    assert settings.store_url == f"sqlite:///{Path.home()}/.gristmill/store.db"
    assert settings_place(settings).logs == Path.home() / ".gristmill" / "logs"


def test_the_environment_wins_over_the_file_and_each_says_where_it_is_from(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "gristmill.toml").write_text(f'store = "sqlite:///a.db"\nblobs = "file:///b"\n{MINE}')
    monkeypatch.setenv("GRISTMILL_STORE", "sqlite:///c.db")
    settings = read_settings()
    assert (settings.store_url, settings.blobs_url) == ("sqlite:///c.db", "file:///b")
    assert settings.models.aliases == {"cheap": "openai:mine"}
    assert settings.models.entries[ModelName("openai:mine")].input_usd == Decimal("0.5")
    came_from = origins(None, {"GRISTMILL_STORE": "sqlite:///c.db"})
    assert came_from["store"] == f"GRISTMILL_STORE, {here / 'gristmill.toml'}"
    assert came_from["home"] == "default"


def test_the_folder_of_a_job_has_the_last_word_of_the_files(here: Path) -> None:
    (here / "out").mkdir()
    (here / "gristmill.toml").write_text('store = "sqlite:///a.db"')
    (here / "out" / "gristmill.toml").write_text('store = "sqlite:///b.db"')
    assert read_settings(here / "out").store_url == "sqlite:///b.db"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stroe = 1", "There is no such setting"),
        ('[models."a:b"]\nrpm = -1', "greater than 0"),
        ("store = [", "is not TOML"),
    ],
)
def test_settings_that_are_none_are_refused_in_a_sentence(here: Path, text: str, words: str) -> None:
    (here / "gristmill.toml").write_text(text)
    with pytest.raises(BadInputError) as refusal:
        read_settings()
    assert words in " ".join([str(refusal.value), *map(str, refusal.value.findings)])


def test_a_users_price_and_limits_stand_for_a_model_of_theirs(here: Path) -> None:
    (here / "gristmill.toml").write_text(MINE)
    model = find_prices(read_settings(), {}, callable_only=True).find_model(ModelName("openai:mine"))
    assert (model.price.rates.input, model.price.rates.output) == (500_000_000, 2_000_000_000)
    assert model.limits.max_in_flight == 7


def test_half_a_price_is_refused(here: Path) -> None:
    (here / "gristmill.toml").write_text('[models."openai:mine"]\ninput_usd = 1')
    with pytest.raises(BadInputError, match="both input_usd and output_usd"):
        find_prices(read_settings(), {}, callable_only=False)


def test_a_model_whose_key_is_missing_is_refused_before_it_is_priced() -> None:
    prices = find_prices(read_settings(), {}, callable_only=True)
    with pytest.raises(UnknownModelError, match="OPENAI_API_KEY"):
        prices.find_model(ModelName("openai:gpt-4.1-mini"))


async def test_schemes_that_nothing_serves_are_refused_in_a_sentence() -> None:
    with pytest.raises(BadInputError, match="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"):
        await open_store_at("dynamodb://table")
    with pytest.raises(BadInputError, match="file:///PATH"):
        open_blobs("s3://bucket")


async def test_a_store_is_made_where_its_url_says(here: Path) -> None:
    store = await open_store_at(f"sqlite:///{here}/new/store.db")
    await store.close()
    assert (here / "new" / "store.db").is_file()
    assert local_path("/~/x") == Path.home() / "x"


async def test_a_store_may_be_a_database_on_a_server() -> None:
    with fresh_database() as url:
        store = await open_store_at(url)
        assert await store.list_jobs() == []
        await store.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host/store", "postgresql://me:…@host/store"),
        ("postgresql://me:sec@/ret@host/store", "postgresql://me:…@host/store"),
        ("postgresql://host/store?user=me&password=secret&x=1", "postgresql://host/store?user=me&password=…&x=1"),
        ("postgresql://me@host:5432/store", "postgresql://me@host:5432/store"),
        ("sqlite:////home/me/store.db", "sqlite:////home/me/store.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert show_url(url) == shown


async def test_a_refused_url_is_told_without_its_password() -> None:
    with pytest.raises(BadInputError, match="mysql://me:…@host") as refusal:
        await open_store_at("mysql://me:secret@host/store")
    assert "secret" not in str(refusal.value)


def test_a_verb_means_the_folder_named_or_out_or_the_one_it_stands_in(here: Path) -> None:
    assert find_folder(None) is None
    assert find_folder(Path("other")) == Path("other")
    inner = here / "out" / ".gristmill"
    inner.mkdir(parents=True)
    (inner / "store.db").touch()
    assert find_folder(None) == Path("out")
    assert folder_place(Path("out")).journals == inner / "journal"
