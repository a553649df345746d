"""Numbers, money, times and sizes as the reader's own language writes them, each with its unit."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from fastapi import Request

from gristmill.domain.money import NANO

# A script of ours writes the reader's time zone here, for no browser sends it.
ZONE_COOKIE: Final = "gristmill_zone"
DEFAULT: Final = "en_US"
LONGEST_HEADER: Final = 200
KIB: Final = 1024
SECONDS_PER_MINUTE: Final = 60
SECONDS_PER_HOUR: Final = 3600
SECONDS_PER_DAY: Final = 86_400
# Of very little money the two digits that say most are shown.
TINY_DIGITS: Final = 2

# Pages say the same numbers again and again, and Babel takes a fifth of a page's time to write them.
KEPT: Final = 8_192
_write_decimal = lru_cache(KEPT)(format_decimal)
_write_currency = lru_cache(KEPT)(format_currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """How one reader is shown values."""

    locale: Locale
    zone: tzinfo

    def number(self, value: float | Decimal | None) -> str:
        """A number with its groups, at most three decimals; a dash for none."""
        # What is kept for 0 would be told for -0.0 too, and the other way round: plus 0 there is only 0.
        return "–" if value is None else _write_decimal(value + 0, format="#,##0.###", locale=self.locale)

    def compact(self, value: float | None) -> str:
        """A large number in short, such as 1.2M."""
        return "–" if value is None else format_compact_decimal(value, locale=self.locale, fraction_digits=1)

    def percent(self, share: float | None) -> str:
        """A share of one as per cent, to a tenth."""
        return "–" if share is None else format_percent(share, format="#,##0.#%", locale=self.locale)

    def usd(self, amount: str | int | Decimal | None) -> str:
        """US dollars: decimal text or a Decimal as it stands, an integer in nano-dollars. A dash for none."""
        if amount is None:
            return "–"
        dollars = Decimal(amount) / NANO if isinstance(amount, int) else Decimal(amount)
        # Nothing a reader can spend hides behind a zero: 0.0000123 is not 0.00.
        size = abs(dollars)
        decimals = 2 if size >= 1 or not size else max(4, TINY_DIGITS - 1 - size.adjusted())
        pattern = f"¤#,##0.00{'#' * min(7, decimals - 2)}"
        return _write_currency(dollars, "USD", format=pattern, locale=self.locale, currency_digits=False)

    def time(self, moment: datetime | str | None) -> str:
        """Date and time in the reader's zone."""
        return "–" if moment is None else _write_time(moment, "medium", self.zone, self.locale)

    def clock(self, moment: datetime | str | None) -> str:
        """The time of day to the second in the reader's zone."""
        return "–" if moment is None else _write_time(moment, "HH:mm:ss", self.zone, self.locale)

    def ago(self, moment: datetime | str | None, now: datetime) -> str:
        """How long ago something was, in words: in English, like all words of the pages."""
        if moment is None:
            return "–"
        return format_timedelta(_moment(moment) - now, granularity="second", add_direction=True, locale=DEFAULT)

    def seconds(self, value: float | None) -> str:
        """A duration in the two units that say most, such as 3 min 20 s."""
        if value is None:
            return "–"
        whole = round(value)
        if whole < SECONDS_PER_MINUTE:
            return f"{self.number(round(value, 1) if value < 10 else whole)} s"  # noqa: PLR2004
        if whole < SECONDS_PER_HOUR:
            return self._both(divmod(whole, 60), "min", "s")
        if whole < SECONDS_PER_DAY:
            return self._both(divmod(whole // 60, 60), "h", "min")
        return self._both(divmod(whole // SECONDS_PER_HOUR, 24), "d", "h")

    def bytes(self, value: int | None) -> str:
        """A size in units of 1024."""
        if value is None:
            return "–"
        size, units = float(value), ["B", "KiB", "MiB", "GiB", "TiB"]
        while size >= KIB and len(units) > 1:
            size, units = size / KIB, units[1:]
        return f"{self.number(round(size, 1))} {units[0]}"

    def _both(self, parts: tuple[int, int], large: str, small: str) -> str:
        """Two units in a row, the smaller one only where there is something of it."""
        rest = f" {parts[1]} {small}" if parts[1] else ""
        return f"{self.number(parts[0])} {large}{rest}"


def formats_of(request: Request) -> Formats:
    """How the sender of a request is shown values: by `Accept-Language` and the zone their browser told us of."""
    wanted = request.headers.get("accept-language", "")[:LONGEST_HEADER]
    return Formats(locale=_locale(wanted), zone=_zone(request.cookies.get(ZONE_COOKIE, "")))


@lru_cache(KEPT)
def _write_time(moment: datetime | str, pattern: str, zone: tzinfo, locale: Locale) -> str:
    return format_datetime(_moment(moment).astimezone(zone), pattern, locale=locale)


def _moment(told: datetime | str) -> datetime:
    return datetime.fromisoformat(told) if isinstance(told, str) else told


@lru_cache(maxsize=256)
def _locale(wanted: str) -> Locale:
    ranked = sorted(_weights(wanted), key=lambda pair: -pair[1])
    for name, _ in ranked:
        try:
            return Locale.parse(negotiate_locale([name], [name], sep="-") or name, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse(DEFAULT)


def _weights(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            found.append((name, float(weight or 1)))
        except ValueError:
            continue
    return found


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
