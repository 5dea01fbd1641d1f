"""SHOW and DESCRIBE in the local engine, from the table contract and the catalog."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from velib_assets.catalog.sqlite_catalog import Catalog
from velib_assets.lake.keys import date_hour
from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE
from velib_assets.query.duckdb_guard import TABLES, unknown_table, without_comments
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import VIEWS, Kpi

if TYPE_CHECKING:
    import pandas as pd

_IN = r"(?:\s+(?:IN|FROM))"
_FORM = re.compile(
    rf"(SHOW\s+(?:TABLES|VIEWS){_IN}?|SHOW\s+DATABASES|SHOW\s+SCHEMAS|SHOW\s+COLUMNS{_IN}|SHOW\s+PARTITIONS"
    r"|SHOW\s+CREATE\s+VIEW|DESCRIBE|DESC)"
    rf"(?:\s+(?:[`\"]?awsdatacatalog[`\"]?\.)?(?:[`\"]?{DATABASE}[`\"]?(?:\.|\Z))?(?:[`\"]?(\w+)[`\"]?)?)?",
    re.IGNORECASE,
)


def show(sql: str, catalog: Catalog, definition: Callable[[Kpi], str]) -> "pd.DataFrame | None":
    """Return the result of a SHOW or DESCRIBE statement, or None for any other statement.

    `definition` renders a view's statement.

    Raises:
        QueryError: If the form or the name is unknown.
    """
    text = without_comments(sql).rstrip().removesuffix(";").rstrip()
    if not re.match(r"(?:SHOW|DESCRIBE|DESC)\b", text, re.IGNORECASE):
        return None
    match = _FORM.fullmatch(text)
    if not match:
        raise QueryError(
            "unknown form; there are SHOW TABLES, SHOW VIEWS, SHOW DATABASES, SHOW COLUMNS IN name, "
            f"SHOW PARTITIONS {TABLE}, SHOW CREATE VIEW name and DESCRIBE name"
        )
    import pandas as pd  # noqa: PLC0415 - slow to import

    head, rows = _rows(match[1].upper().split(), (match[2] or "").lower(), catalog, definition)
    return pd.DataFrame(rows, columns=pd.Index(head))


def _rows(
    form: list[str], name: str, catalog: Catalog, definition: Callable[[Kpi], str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    views = {kpi.name: kpi for kpi in VIEWS}
    if "TABLES" in form:
        return ["tab_name"], [(table,) for table in TABLES]
    if "VIEWS" in form:
        return ["views"], [(view,) for view in views]
    if form[-1] in ("DATABASES", "SCHEMAS"):
        return ["database_name"], [(DATABASE,)]
    if "PARTITIONS" in form:
        _check(name, [TABLE])
        days = [date_hour(partition.hour) for partition in catalog.partitions()]
        return ["partition"], [(f"date={date}/hour={hh}",) for date, hh in days]
    if "CREATE" in form:
        _check(name, list(views))
        return ["Create View"], [(definition(views[name]),)]
    _check(name, list(TABLES))
    table = [(c.name, c.type, c.description) for c in (*COLUMNS, *PARTITION_COLUMNS)]
    return ["col_name", "data_type", "comment"], [*(table if name == TABLE else views[name].columns)]


def _check(name: str, known: list[str]) -> None:
    if name not in known:
        raise unknown_table(name, known)
