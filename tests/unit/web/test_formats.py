"""Values as readers of several languages and time zones see them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from gristmill.web.formats import Formats, formats_of

AMERICAN = Formats(locale=Locale("en", "US"), zone=UTC)
GERMAN = Formats(locale=Locale("de", "DE"), zone=ZoneInfo("Europe/Berlin"))
NOON = "2026-07-01T12:00:00Z"


def asked(language: str = "", zone: str = "") -> Request:
    headers = [(b"accept-language", language.encode()), (b"cookie", f"gristmill_zone={zone}".encode())]
    scope: dict[str, Any] = {"type": "http", "headers": headers}
    return Request(scope)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.00", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("0.015", "$0.015"),
        ("0.1234567", "$0.1235"),
        ("0.0000123", "$0.000012"),
        (1, "$0.000000001"),
        (2_500_000_000, "$2.50"),
        (Decimal(-3), "-$3.00"),
        (None, "–"),
    ],
)
def test_money_shows_what_can_be_spent(amount: Any, shown: str) -> None:
    assert AMERICAN.usd(amount) == shown


@given(st.integers(min_value=1, max_value=10**18))
def test_no_money_is_shown_as_none(nano: int) -> None:
    assert any(digit in AMERICAN.usd(nano) for digit in "123456789")


def test_a_german_sees_german_numbers_and_the_time_of_berlin() -> None:
    assert GERMAN.number(1234567.891) == "1.234.567,891"
    assert GERMAN.usd("1234.5") == "$1.234,50"
    assert GERMAN.percent(0.1234) == "12,3%"
    assert GERMAN.clock(NOON) == "14:00:00"
    assert GERMAN.time(NOON).startswith("01.07.2026, 14:00")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0 s"),
        (3.24, "3.2 s"),
        (59.4, "59 s"),
        (200, "3 min 20 s"),
        (3_120, "52 min"),
        (7_200, "2 h"),
        (4000, "1 h 6 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_told_in_the_units_that_say_most(seconds: float, shown: str) -> None:
    assert AMERICAN.seconds(seconds) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (1023, "1,023 B"), (1536, "1.5 KiB"), (5 << 30, "5 GiB"), (1 << 60, "1,048,576 TiB")],
)
def test_a_size_has_its_unit(size: int, shown: str) -> None:
    assert AMERICAN.bytes(size) == shown


def test_what_is_not_known_is_a_dash() -> None:
    assert {AMERICAN.number(None), AMERICAN.seconds(None), AMERICAN.time(None), AMERICAN.bytes(None)} == {"–"}
    assert {
        AMERICAN.compact(None),
        AMERICAN.percent(None),
        AMERICAN.clock(None),
        AMERICAN.ago(None, datetime.now(UTC)),
    } == {"–"}


def test_how_long_ago_is_told_in_words() -> None:
    assert AMERICAN.ago(NOON, datetime(2026, 7, 1, 14, tzinfo=UTC)) == "2 hours ago"


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("de-DE,de;q=0.9,en;q=0.5", "de_DE"),
        ("en;q=0.1, fr;q=0.8", "fr"),
        ("xx-YY", "en_US"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("*", "en_US"),
        ("", "en_US"),
        ("en-US;q=many, nl", "nl"),
        ("\\..\\..\\etc,/etc/passwd;q=1", "en_US"),
        ("a" * 5_000, "en_US"),
    ],
)
def test_the_language_is_the_one_the_browser_prefers_of_those_there_are(language: str, locale: str) -> None:
    assert str(formats_of(asked(language)).locale) == locale


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "../../etc/passwd", "/etc/passwd", "\x00", "a" * 4_000])
def test_a_zone_that_is_none_is_utc(zone: str) -> None:
    assert formats_of(asked(zone=zone)).zone == UTC


def test_a_zone_is_the_readers() -> None:
    assert formats_of(asked(zone="Europe/Berlin")).zone == ZoneInfo("Europe/Berlin")


def test_no_number_is_kept_as_less_than_nothing() -> None:
    # In a language in which no other test has written a 0.
    icelandic = Formats(locale=Locale("is"), zone=UTC)
    assert [icelandic.number(value) for value in (-0.0, 0, Decimal("-0"))] == ["0", "0", "0"]
