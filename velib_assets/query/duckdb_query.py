"""One query in one DuckDB session, over the partitions that it needs."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from velib_assets.catalog.catalog import Catalog, Partition
from velib_assets.lake.schema import DATABASE, HISTORY, TYPES
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets.query.duckdb_guard import catalog_tables
from velib_assets.query.duckdb_lake_tables import define_lake_tables
from velib_assets.query.duckdb_newest import newest_rows, newest_value_selects, replace_by_value
from velib_assets.query.duckdb_pruning import hours_needed, partitions_needed
from velib_assets.query.duckdb_rewrites import own_sql_to_duckdb, to_duckdb
from velib_assets.query.duckdb_session import create_table, fetch
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.query.lake_tables import LAKE_TABLES
from velib_assets.query.view_sql import render

_OTHERS = {table.name for table in LAKE_TABLES}
_NEWEST_FIRST = (1, 24)  # how many of the newest partitions are tried before all


class DuckDBQuery:
    """Runs over the partitions of `hours`, or all; the views are rendered over the hours up to `newest`."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        files: LakeFiles,
        catalog: Catalog,
        hours: Iterable[datetime] | None,
        newest: datetime | None,
    ) -> None:
        self._db, self._files, self._catalog = db, files, catalog
        self._hours, self._newest = hours, newest

    @cached_property
    def _partitions(self) -> list[Partition]:
        """Reading a year of them takes 40 ms, and a query on the other tables needs none."""
        return self._catalog.partitions(self._hours)

    def rows(self, tree: exp.Expr) -> pa.Table:
        """Return the rows of a parsed query; the tree is modified."""
        names = {table.name for table in catalog_tables(tree)}
        define_lake_tables(
            self._db, names, self._files, self._catalog, lambda *of: hours_needed(self._db, tree, *of)
        )
        for select in newest_value_selects(tree):
            replace_by_value(select, self._newest_value(select))
        limit = newest_rows(tree)
        for _ in self._defined(tree, () if limit is None else _NEWEST_FIRST):
            rows = fetch(self._db, to_duckdb(tree))
            if limit is not None and rows.num_rows >= limit:
                break
        # Athena calls columns without a name _col0, _col1, ...
        return rows.rename_columns([re.sub(r"\A_col_(\d+)\Z", r"_col\1", n) for n in rows.column_names])

    def own_rows(
        self, views: Sequence[Kpi], statements: Sequence[str], history_days: Collection[date] = ()
    ) -> list[pa.Table]:
        """Return the rows of statements of this package, which may read these views and all tables.

        The cached views read `history_days` from `velib_history`.

        Raises:
            QueryError: If a view's columns differ from the declared ones.
        """
        create_table(self._db, self._files.paths(self._partitions))
        own = [render(view, self._newest, history_days if view.cached else ()) for view in views]
        texts = [*own, *statements]
        names = [table.name for table in LAKE_TABLES if any(f"{DATABASE}.{table.name}" in s for s in texts)]

        def matching(name: str, hours: list[datetime]) -> list[datetime]:
            is_chosen = name == HISTORY and history_days
            return [hour for hour in hours if hour.date() in history_days] if is_chosen else hours

        define_lake_tables(self._db, names, self._files, self._catalog, matching)
        for statement in own:
            self._db.execute(own_sql_to_duckdb(statement))
        for view in views:
            self._check_columns(view)
        return [fetch(self._db, own_sql_to_duckdb(statement)) for statement in statements]

    def _check_columns(self, view: Kpi) -> None:
        relation = self._db.table(f"{DATABASE}.{view.name}")
        actual = list(zip(relation.columns, map(str, relation.types), strict=True))
        declared = [(column.name, TYPES[column.type].duckdb) for column in view.schema]
        if actual != declared:
            raise QueryError(f"{view.name} has the columns {actual}, but declares {declared}")

    def _newest_value(self, select: exp.Select) -> Any:  # noqa: ANN401 - text or a timestamp
        """Return the value of `SELECT max(ingested_ts) ...` from the newest partitions that have a row."""
        for _ in self._defined(select, _NEWEST_FIRST):
            value = self._db.execute(to_duckdb(select)).fetchall()[0][0]
            if value is not None:
                return value
        return None

    def _defined(self, tree: exp.Expr, counts: Sequence[int]) -> Iterator[None]:
        """Define the tables and views of a query over each of `counts` newest partitions, then over all."""
        names = {table.name for table in catalog_tables(tree)}
        if names <= _OTHERS:
            yield
            return
        needed = partitions_needed(self._db, tree, self._partitions, self._newest)
        for count in (*(count for count in counts if count < len(needed)), len(needed)):
            create_table(self._db, self._files.paths(needed[len(needed) - count :]))
            self._create_views([view for view in VIEWS if view.name in names])
            yield

    def _create_views(self, views: Sequence[Kpi]) -> None:
        for view in views:
            self._db.execute(own_sql_to_duckdb(render(view, self._newest)))
