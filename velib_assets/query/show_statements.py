"""SHOW and DESCRIBE, answered from the table contract and the catalog.

Belongs here: the statements that look at names and columns. Does not: rows (query_engine).
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.keys import date_hour
from velib_assets.lake.schema import COLUMNS, DATABASE, PARTITION_COLUMNS, TABLE
from velib_assets.query.athena_dialect import TABLES, first_words
from velib_assets.query.kpis import VIEWS
from velib_assets.query.query_error import QueryError

if TYPE_CHECKING:
    import pandas as pd

_NAME = rf'(?:[`"]?(?:awsdatacatalog[`"]?\.[`"]?)?{DATABASE}[`"]?\.)?[`"]?(\w+)[`"]?'
_FORMS = {
    "tables": re.compile(rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+[`\"]?{DATABASE}[`\"]?)?", re.IGNORECASE),
    "views": re.compile(rf"SHOW\s+VIEWS(?:\s+(?:IN|FROM)\s+[`\"]?{DATABASE}[`\"]?)?", re.IGNORECASE),
    "databases": re.compile(r"SHOW\s+(?:DATABASES|SCHEMAS)", re.IGNORECASE),
    "columns": re.compile(rf"(?:SHOW\s+COLUMNS\s+(?:IN|FROM)|DESCRIBE|DESC)\s+{_NAME}", re.IGNORECASE),
    "partitions": re.compile(rf"SHOW\s+PARTITIONS\s+{_NAME}", re.IGNORECASE),
    "view": re.compile(rf"SHOW\s+CREATE\s+VIEW\s+{_NAME}", re.IGNORECASE),
}


def show(sql: str, catalog: Catalog, definition: Callable[[str], str]) -> "pd.DataFrame | None":
    """The answer to a SHOW or DESCRIBE statement, None for any other; `definition` renders a view by name.

    Raises:
        QueryError: for a form or a name that does not exist.
    """
    text = first_words(sql).rstrip().removesuffix(";").rstrip()
    if not re.match(r"(?:SHOW|DESCRIBE|DESC)\b", text, re.IGNORECASE):
        return None
    import pandas as pd  # noqa: PLC0415 - takes a second to import

    for form, pattern in _FORMS.items():
        if match := pattern.fullmatch(text):
            head, rows = _rows(form, match.groups()[0].lower() if match.groups() else "", catalog, definition)
            return pd.DataFrame(rows, columns=pd.Index(head))
    raise QueryError(
        "this form is not answered; there are SHOW TABLES, SHOW VIEWS, SHOW COLUMNS IN name, "
        "SHOW PARTITIONS source_velib, SHOW CREATE VIEW name and DESCRIBE name"
    )


def _rows(
    form: str, name: str, catalog: Catalog, definition: Callable[[str], str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    views = [kpi.name for kpi in VIEWS]
    if form == "tables":
        return ["tab_name"], [(table,) for table in TABLES]
    if form == "views":
        return ["views"], [(view,) for view in views]
    if form == "databases":
        return ["database_name"], [(DATABASE,)]
    if form == "columns":
        return ["col_name", "data_type", "comment"], _columns(_known(name, list(TABLES)))
    if form == "partitions":
        _known(name, [TABLE])
        days = [date_hour(partition.hour) for partition in catalog.partitions()]
        return ["partition"], [(f"date={date}/hour={hh}",) for date, hh in days]
    return ["Create View"], [(definition(_known(name, views)),)]


def _columns(name: str) -> list[tuple[str, ...]]:
    if name == TABLE:
        columns = [(c.name, c.type, c.description) for c in (*COLUMNS, *PARTITION_COLUMNS)]
        return [*columns]
    return [*next(kpi.columns for kpi in VIEWS if kpi.name == name)]


def _known(name: str, names: list[str]) -> str:
    if name not in names:
        raise QueryError(f"TABLE_NOT_FOUND: there is no {name!r} here; there are {', '.join(names)}")
    return name
