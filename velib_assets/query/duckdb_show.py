"""SHOW and DESCRIBE in the local engine, from the table contract and the catalog."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.keys import date_hour
from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE
from velib_assets.query.duckdb_guard import TABLES, unknown_table, without_comments
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import VIEWS, Kpi

if TYPE_CHECKING:
    import pandas as pd

_FORM = re.compile(r"(SHOW\s+(?:CREATE\s+)?\w+|DESC(?:RIBE)?)(?:\s+(?:IN|FROM))?(?:\s+(\S+))?", re.IGNORECASE)


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
    form = " ".join(match[1].upper().split()) if match else ""
    name = re.sub(r'[`"]', "", (match and match[2]) or "").lower().removeprefix("awsdatacatalog.")
    import pandas as pd  # noqa: PLC0415 - slow to import

    head, rows = _rows(form, name.removeprefix(f"{DATABASE}."), catalog, definition)
    return pd.DataFrame(rows, columns=pd.Index(head))


def _rows(
    form: str, name: str, catalog: Catalog, definition: Callable[[Kpi], str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    views = {kpi.name: kpi for kpi in VIEWS}
    if form == "SHOW TABLES" and name in ("", DATABASE):
        return ["tab_name"], [(table,) for table in TABLES]
    if form == "SHOW VIEWS" and name in ("", DATABASE):
        return ["views"], [(view,) for view in views]
    if form in ("SHOW DATABASES", "SHOW SCHEMAS") and not name:
        return ["database_name"], [(DATABASE,)]
    if form == "SHOW PARTITIONS":
        _check(name, [TABLE])
        hours = [date_hour(partition.hour) for partition in catalog.partitions()]
        return ["partition"], [(f"date={date}/hour={hh}",) for date, hh in hours]
    if form == "SHOW CREATE VIEW":
        _check(name, list(views))
        return ["Create View"], [(definition(views[name]),)]
    if form in ("SHOW COLUMNS", "DESCRIBE", "DESC"):
        _check(name, list(TABLES))
        table = [(c.name, c.type, c.description) for c in (*COLUMNS, *PARTITION_COLUMNS)]
        return ["col_name", "data_type", "comment"], [*(table if name == TABLE else views[name].columns)]
    raise QueryError(
        "unknown form; there are SHOW TABLES, SHOW VIEWS, SHOW DATABASES, SHOW COLUMNS IN name, "
        f"SHOW PARTITIONS {TABLE}, SHOW CREATE VIEW name and DESCRIBE name"
    )


def _check(name: str, known: list[str]) -> None:
    if name not in known:
        raise unknown_table(name, known)
