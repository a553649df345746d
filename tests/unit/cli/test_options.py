from pathlib import Path

import pytest

from gristmill.cli.doctor import mask
from gristmill.cli.options import parse_budget, parse_models, parse_prices, parse_seeds, read_template
from gristmill.cli.progress import Rate
from gristmill.cli.terminal import count, show_duration, show_money
from gristmill.errors import BadInputError


def test_models_are_given_for_an_alias_or_for_all() -> None:
    given = parse_models(["cheap=openai:gpt-4.1-mini", "scripted:demo?latency=0.5"])
    assert given == {"cheap": "openai:gpt-4.1-mini", "": "scripted:demo?latency=0.5"}


@pytest.mark.parametrize("text", ["cheap", "cheap=", "=", "cheap=mini"])
def test_what_names_no_model_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="PROVIDER:MODEL"):
        parse_models([text])


def test_a_price_is_for_a_million_tokens_and_rounds_up() -> None:
    [(model, rates)] = parse_prices(["openai:mine=0.40/1.60"]).items()
    assert (model, rates.input, rates.output) == ("openai:mine", 400_000_000, 1_600_000_000)


@pytest.mark.parametrize("text", ["x", "a:b=1", "a:b=1/2/3", "a:b=-1/2", "a:b=nan/1", "=1/2"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="is no price"):
        parse_prices([text])


def test_a_budget_may_be_written_with_its_sign() -> None:
    assert parse_budget("$2.50") == 2_500_000_000
    assert parse_budget(None) is None


def test_one_seeds_file_is_taken_even_with_an_equals_sign_in_its_name(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.csv"
    odd.write_text("x\n1\n")
    assert parse_seeds([str(odd)]) == {"": odd}
    with pytest.raises(BadInputError, match="several"):
        parse_seeds([str(odd), str(odd)])


def test_seed_sets_are_given_by_name_beside_the_seeds(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("x\n1\n")
    assert parse_seeds([f"people={file}", str(file)]) == {"people": file, "": file}
    with pytest.raises(BadInputError, match="for 'people'"):
        parse_seeds([f"people={file}", f"people={file}"])
    with pytest.raises(BadInputError, match=r"no seeds file people\.csv"):
        parse_seeds(["people=people.csv"])
    with pytest.raises(BadInputError, match=r"no seeds file a/b=c\.csv"):
        parse_seeds(["a/b=c.csv"])


def test_a_template_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path, words in ((tmp_path, "it is a folder"), (tmp_path / "bytes", "no text")):
        with pytest.raises(BadInputError, match=words):
            read_template(path)


def test_a_rate_needs_two_commits_and_forgets_what_was_there_before() -> None:
    rate = Rate()
    seen = [rate.add(now, accepted) for now, accepted in ((0, 100), (3, 130), (4, 130), (6, 160), (9, 200))]
    assert seen == [0, 0, 0, pytest.approx(10), pytest.approx(70 / 6)]


@pytest.mark.parametrize(
    ("nano", "text"), [(0, "$0.00"), (12_345_678, "$0.0123"), (1_500_000_000, "$1.50"), (1_234, "$0.0000012")]
)
def test_small_money_is_shown_so_that_it_can_be_seen(nano: int, text: str) -> None:
    assert show_money(nano) == text


def test_durations_and_counts_read_as_people_say_them() -> None:
    assert [show_duration(seconds) for seconds in (8, 200, 3900)] == ["8 s", "3:20", "1:05:00"]
    assert (count(1, "reject"), count(1200, "reject")) == ("1 reject", "1,200 rejects")


def test_a_key_is_masked_but_for_its_last_letters() -> None:
    assert mask("OPENAI_API_KEY", "sk-1234567890") == "…7890"
    assert mask("OPENAI_API_KEY", "short") == "…"
    assert mask("OPENAI_BASE_URL", "http://x") == "http://x"


def test_a_pace_that_stopped_falls() -> None:
    rate = Rate()
    for second, accepted in enumerate((0, 100, 200, 300)):
        rate.add(float(second), accepted)
    assert rate.add(10.0, 300) == 100.0
    assert rate.add(41.0, 300) == pytest.approx(100 / 39)
