"""The card of a station as text, at most 80 columns wide."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from velib_assets.cli.text_page import INDENT, Page, duration
from velib_assets.insights.known_stations import Row
from velib_assets.insights.sparkline import binned
from velib_assets.insights.station_card import COMPLETE, StationCard, totals
from velib_assets.lake.keys import iso_z
from velib_assets.lake.local_days import DAY
from velib_assets.lake.network import time_zone
from velib_assets.lake.text import counted

_OPERATING = {"ok", "short", "saturated"}
_MOST_EVENTS = 5
_MOST_WORST = 5
STATES = {
    "ok": "in operation",
    "short": "short: in operation, without a bike",
    "saturated": "saturated: in operation, without a free dock or nearly",
    "closed": "closed: not in service",
    "stale": "stale: it has not reported for over 3 hours, so its counts are not known",
    "unknown": "unknown: the feed does not say enough",
}
_LAST_24_HOURS = timedelta(hours=24)


def card_text(card: StationCard, width: int, encoding: str) -> str:
    """Format a card for a terminal of this width and encoding."""
    page = Page(width, encoding)
    _head(page, card)
    _now(page, card)
    _last_24_hours(page, card)
    if card.typical:
        _typical_day(page, card)
    if card.days:
        _days(page, card)
    if card.events:
        _events(page, card)
    return "\n".join(page.lines)


def _head(page: Page, card: StationCard) -> None:
    station = card.station.description
    page.text(f"{station['station_id']}  {station['name'] or '(no name)'}")
    parts = [station["arrondissement"] or station["commune"] or "area unknown"]
    if station["capacity"] is not None:
        parts.append(counted(station["capacity"], "dock"))
    if station["lat"] is not None and station["lon"] is not None:
        parts.append(f"at {station['lat']:.5f}, {station['lon']:.5f}")
    page.text(", ".join(parts))
    if card.station.former_names:
        page.text(f"formerly {', '.join(card.station.former_names)}")


def _now(page: Page, card: StationCard) -> None:
    row = card.station.row
    page.section(f"Newest snapshot, {iso_z(card.newest_ts)}")
    for line in presence(card) + (_counts(row) if row else []):
        page.text(line, INDENT)


def presence(card: StationCard) -> list[str]:
    """Return what is to be said of a station's state in the newest snapshot."""
    row = card.station.row
    if row is None:
        gone = card.station.gone_since
        since = f" since {iso_z(gone)}" if gone else " in the last 24 hours"
        return [f"gone: no snapshot has had the station{since}"]
    lines = [STATES[row["state"]]]
    if row["state"] == "stale":
        seen = iso_z(row["reported_ts"]) if row["reported_ts"] else "never"
        lines.append(f"last report: {seen}")
    if row["ingested_ts"] < card.newest_ts:
        lines.append(f"not in the newest snapshot: its last one is of {iso_z(row['ingested_ts'])}")
    if row["state"] in _OPERATING:
        lines += ["it lends no bikes"] if row["is_renting"] is False else []
        lines += ["it accepts no returns"] if row["is_returning"] is False else []
    return lines


def _counts(row: Row) -> list[str]:
    counts = f"bikes {_number(row['bikes'])}"
    if row["mechanical"] is not None and row["ebikes"] is not None:
        counts += f" ({row['mechanical']} mechanical, {row['ebikes']} electric)"
    counts += f", free docks {_number(row['docks'])}"
    if row["fill_rate"] is not None:
        counts += f", fill rate {row['fill_rate']:.0%}"
    return [counts if row["state"] != "stale" else f"as last reported: {counts}"]


def _last_24_hours(page: Page, card: StationCard) -> None:
    start = card.newest_ts - _LAST_24_HOURS
    known = [row for row in card.snapshots if row["state"] in _OPERATING]
    values = [((row["snapshot_ts"] - start) / _LAST_24_HOURS, row["fill_rate"]) for row in known]
    page.section("Last 24 hours: fill rate, UTC (blank: not known or not in operation)")
    if not known:
        page.text("nothing known", INDENT)
        return
    cells = binned(values, page.cells)
    page.graph("fill rate", cells, _top(cells), _range(known, "bikes", "{:,.0f} to {:,.0f} bikes"))
    page.axis([f"{start + n * _LAST_24_HOURS / 4:%H:%M}" for n in range(4)])


def _typical_day(page: Page, card: StationCard) -> None:
    page.section(f"Typical day: mean fill rate by hour, {time_zone()}, {_period(card)}")
    top = _top([row["mean_fill_rate"] for row in card.typical])
    for label, is_weekend in (("Mon-Fri", False), ("Sat-Sun", True)):
        rows = [row for row in card.typical if row["is_weekend"] is is_weekend]
        if rows:
            values = [((row["hour"] + 0.5) / 24, row["mean_fill_rate"]) for row in rows]
            repeat = page.cells // 24
            cells = [value for value in binned(values, 24) for _ in range(repeat)]
            page.graph(label, cells, top, _range(rows, "mean_bikes", "{:,.0f} to {:,.0f} bikes"))
    page.axis(["00:00", "06:00", "12:00", "18:00"])


def _days(page: Page, card: StationCard) -> None:
    summary = totals(card.days)
    length = (card.last - card.first).days + 1
    page.section(f"Days {_period(card)}, {time_zone()}: {summary['days_known']} of {length} known")
    if not summary["days_known"]:
        page.text("no snapshot of these days has the station", INDENT)
        return
    for kind in ("short", "saturated"):
        on_days = f"{kind} on {counted(summary[f'days_{kind}'], 'day')}, "
        total = on_days + duration(summary[f"minutes_{kind}"]) + " in all"
        page.text(total if summary[f"days_{kind}"] else f"never {kind}", INDENT)
    if partly := summary["days_partly_known"]:
        page.text(f"{counted(partly, 'day')} known for less than {COMPLETE:.0%} of the time", INDENT)
    if length > 1:
        for label, name in (
            ("fill rate", "avg_fill_rate"),
            ("short", "minutes_short"),
            ("saturated", "minutes_saturated"),
        ):
            _graph_of_days(page, card, label, name)
        page.axis([f"{card.first + n * length / 2 * DAY:%Y-%m-%d}" for n in range(2)])
    worst = sorted(card.days, key=lambda day: (-_trouble(day), day["date"]))[:_MOST_WORST]
    for day in worst:
        if _trouble(day):
            page.text(
                f"{day['date']}: short {duration(day['minutes_short'])}, saturated "
                f"{duration(day['minutes_saturated'])} of {duration(day['minutes_covered'])} known",
                INDENT,
            )


def _graph_of_days(page: Page, card: StationCard, label: str, name: str) -> None:
    length = (card.last - card.first).days + 1
    known = [day for day in card.days if day["snapshots"] and day[name] is not None]
    values = [((date.fromisoformat(day["date"]) - card.first).days / length, day[name]) for day in known]
    if length < page.cells:  # a day is as wide as others, and a missing one is blank
        cells = binned(values, length)
        cells = [cells[n * length // page.cells] for n in range(page.cells)]
    else:
        cells = binned(values, page.cells)
    highest = max((value for value in cells if value is not None), default=0)
    if not highest:
        return
    if name == "avg_fill_rate":
        page.graph(label, cells, _top(cells), f"0% to {_top(cells):.0%}")
    else:
        page.graph(label, cells, highest, f"0 to {duration(highest)}")


def _events(page: Page, card: StationCard) -> None:
    page.section("What happened")
    for event in card.events[:_MOST_EVENTS]:
        change = f" from {event['before']} to {event['after']}" if event["after"] is not None else ""
        page.text(f"{iso_z(event['event_ts'])} {event['event']}{change}", INDENT)


def _period(card: StationCard) -> str:
    return f"{card.first} to {card.last}"


def _top(rates: Sequence[float | None]) -> float:
    """Return the top of a scale of fill rates: 1, or the highest rate if that is over 1."""
    return max([1.0, *(rate for rate in rates if rate is not None)])


def _range(rows: Sequence[Row], name: str, form: str) -> str:
    values = [row[name] for row in rows if row[name] is not None]
    return form.format(min(values), max(values)) if values else ""


def _trouble(day: Row) -> float:
    return (day["minutes_short"] or 0) + (day["minutes_saturated"] or 0)


def _number(value: Any) -> str:  # noqa: ANN401 - an integer or None
    return "unknown" if value is None else str(value)


def age_text(age: timedelta) -> str:
    """Format an age in the largest whole unit."""
    hours = int(age / timedelta(hours=1))
    if hours >= 48:  # noqa: PLR2004 - two days
        return counted(hours // 24, "day")
    return counted(hours, "hour")


def is_old(newest: datetime, now: datetime) -> bool:
    """Return whether a snapshot is too old to be the present: over an hour."""
    return now - newest > timedelta(hours=1)
