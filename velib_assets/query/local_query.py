"""One answer of the local engine: the views that a question names, over the partitions that it needs.

Belongs here: the steps within one DuckDB session. Does not: retries and error words (query_engine),
conclusions from conditions (partition_pruning).
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from velib_assets.catalog.catalog import Partition
from velib_assets.lake.schema import DATABASE
from velib_assets.query.athena_dialect import own_sql_to_duckdb, tables_of, to_duckdb
from velib_assets.query.duckdb_session import TYPES, bind, rows_of
from velib_assets.query.kpi_queries import state_sql
from velib_assets.query.kpis import VIEWS, Kpi, render
from velib_assets.query.lake_files import LakeFiles
from velib_assets.query.newest_rows import newest_rows, newest_value_selects, put_value
from velib_assets.query.partition_pruning import needed
from velib_assets.query.query_error import QueryError

_FIRST_LOOKS = (1, 24)


class LocalQuery:
    """Answers over these partitions; the views are rendered over the hours up to `newest`."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        files: LakeFiles,
        partitions: Sequence[Partition],
        newest: datetime | None,
    ) -> None:
        self._db, self._files, self._partitions, self._newest = db, files, partitions, newest

    def rows(self, tree: exp.Expr) -> pa.Table:
        """The rows of a parsed question, which is changed on the way."""
        for select in newest_value_selects(tree):
            put_value(select, self._newest_value(select))
        wanted, may_hold = newest_rows(tree), self._needed(tree)
        for count in (*(_FIRST_LOOKS if wanted is not None else ()), len(may_hold)):
            self._bind(tree, may_hold[len(may_hold) - count :] if count < len(may_hold) else may_hold)
            rows = rows_of(self._db, to_duckdb(tree))
            if wanted is not None and rows.num_rows >= wanted:
                break
        return rows.rename_columns([_athena_name(name) for name in rows.column_names])

    def of_table(self, statement: str) -> pa.Table:
        """The rows of a statement of this package over the table alone."""
        bind(self._db, self._files.paths(self._partitions))
        return rows_of(self._db, own_sql_to_duckdb(statement))

    def states(self, views: Sequence[Kpi]) -> list[pa.Table]:
        """The answers to `kpi_queries.state_sql` of these views, which read the same partitions.

        Raises:
            QueryError: where a view has other columns than those declared.
        """
        bind(self._db, self._files.paths(self._partitions))
        return [self._state(view) for view in views]

    def _state(self, kpi: Kpi) -> pa.Table:
        self._db.execute(own_sql_to_duckdb(render(kpi, self._newest)))
        relation = self._db.sql(f"SELECT * FROM {DATABASE}.{kpi.name} LIMIT 1")  # noqa: S608 - declared names
        found = list(zip(relation.columns, map(str, relation.types), strict=True))
        declared = [(column.name, TYPES[column.type]) for column in kpi.schema]
        if found != declared:
            raise QueryError(f"{kpi.name} has the columns {found}, declared are {declared}")
        return rows_of(self._db, own_sql_to_duckdb(state_sql(kpi, self._newest)))

    def _newest_value(self, select: exp.Select) -> Any:  # noqa: ANN401 - text or a timestamp
        """The value of `SELECT max(ingested_ts) ...`: the newest partitions that have any row decide it."""
        may_hold = self._needed(select)
        for count in (*_FIRST_LOOKS, len(may_hold)):
            self._bind(select, may_hold[-count:])
            value = self._db.execute(to_duckdb(select)).fetchall()[0][0]
            if value is not None:
                return value
        return None

    def _needed(self, tree: exp.Expr) -> list[Partition]:
        return needed(tree, self._partitions, self._newest, self._constant)

    def _bind(self, tree: exp.Expr, partitions: Iterable[Partition]) -> None:
        names = {table.name for table in tables_of(tree)}
        if names:
            bind(self._db, self._files.paths(partitions))
        for kpi in VIEWS:
            if kpi.name in names:
                self._db.execute(own_sql_to_duckdb(render(kpi, self._newest)))

    def _constant(self, node: exp.Expr, column: str) -> str | datetime | None:
        """The value that a column is compared with, where it holds no column itself."""
        if node.find(exp.Column, exp.Query, exp.AggFunc, exp.Rand):
            return None
        wanted = "TIMESTAMP" if column == "ingested_ts" else "VARCHAR"
        if wanted == "VARCHAR" and isinstance(node, exp.Literal):
            return str(node.this)
        try:
            sql = f"SELECT CAST({to_duckdb(node)} AS {wanted})"
            value: str | datetime | None = self._db.execute(sql).fetchall()[0][0]
        except duckdb.Error:
            return None
        return value


def _athena_name(name: str) -> str:
    """A column without a name is `_col0`, `_col1`, ... in Athena."""
    return re.sub(r"\A_col_(\d+)\Z", r"_col\1", name)
