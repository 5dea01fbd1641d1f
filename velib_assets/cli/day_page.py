"""A day's insights as text, at most 80 columns wide."""

from velib_assets.cli.rows import table
from velib_assets.cli.text_page import Page, cut, duration
from velib_assets.insights.day_insights import WEEKS, DayInsights, Insight
from velib_assets.lake.keys import iso_z
from velib_assets.lake.local_days import day_bounds
from velib_assets.lake.network import time_zone
from velib_assets.lake.text import counted

_MOST_EVENTS = 10
_USUAL_CODE = 14  # characters; networks with longer codes need a wider page
_LEAST_NAME, _LEAST_BESIDE_LONG_CODE = 8, 24
_UNWIDE = 41  # columns of the table of the worst stations without the name


def day_page(found: DayInsights, width: int) -> str:
    """Format a day for a terminal of this width."""
    page = Page(width, "utf-8")
    start, end = map(iso_z, day_bounds(found.day))
    page.text(f"{found.day:%A} {found.day} in {time_zone()}")
    page.text(f"from {start} to {end}")
    if found.compared:
        days = ", ".join(map(str, found.compared))
        page.text(f"usual: the mean of {days}")
    else:
        page.text(f"usual: not known, as none of the {WEEKS} same weekdays before is complete")
    page.lines.append("")
    rows = [[one.title, _shown(one, one.value), _shown(one, one.usual)] for one in found.insights]
    page.lines += table(["", "day", "usual"], rows).splitlines()
    _worst(page, found)
    if found.events:
        page.section(counted(len(found.events), "event"))
        for event in found.events[:_MOST_EVENTS]:
            change = f" from {event['before']} to {event['after']}" if event["after"] is not None else ""
            what = f"{event['event']}{change}: {event['station_id']} {event['name'] or ''}"
            page.text(f"{iso_z(event['event_ts'])} {what}", "  ")
        if len(found.events) > _MOST_EVENTS:
            page.text("--format json has all of them", "  ")
    return "\n".join(page.lines)


def _worst(page: Page, found: DayInsights) -> None:
    page.section("Worst stations" if found.worst else "No station was short or saturated")
    rows = [
        [
            row["rank"],
            row["station_id"],
            row["name"] or "",
            duration(row["minutes_short"]),
            duration(row["minutes_saturated"]),
        ]
        for row in found.worst
    ]
    if rows:
        longest = max(len(row[1]) for row in rows)
        least = _LEAST_NAME if longest <= _USUAL_CODE else _LEAST_BESIDE_LONG_CODE
        names = max(least, page.width - _UNWIDE - longest)
        rows = [[*row[:2], cut(row[2], names), *row[3:]] for row in rows]
        page.lines += table(["", "code", "name", "short", "saturated"], rows).splitlines()


def _shown(one: Insight, value: float | None) -> str:
    if value is None:
        return "-"
    if one.unit.startswith("ratio"):
        return f"{value:.1%}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
