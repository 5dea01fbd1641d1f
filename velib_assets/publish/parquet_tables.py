"""Encodes the published Parquet files other than the history: the register and the daily KPIs."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.clean.typed_snapshot import ARROW_TYPES
from velib_assets.publish.published_tables import PublishedTable


def encode_table(published: PublishedTable, table: pa.Table) -> bytes:
    """Encode rows as the Parquet file of a published table, sorted by its key.

    Within one pyarrow version, equal rows give equal bytes.

    Args:
        published: the table.
        table: its rows, with at least its columns.
    """
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in published.columns])
    rows = table.select(schema.names).cast(schema)
    rows = rows.sort_by([(name, "ascending") for name in published.key]).combine_chunks()
    texts = [column.name for column in published.columns if column.type == "string"]
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", use_dictionary=texts, store_schema=False)
    return bytes(sink.getvalue())


def stretches_within(register: pa.Table, first: pa.Scalar, end: pa.Scalar) -> pa.Table:
    """Return the register's stretches that meet a range; one that goes on beyond its end has no `valid_to`.

    So the published register of a month does not change when a later month is added to the lake.
    """
    starts, ends = register["valid_from"], register["valid_to"]
    goes_on = pc.fill_null(pc.greater_equal(ends, end), fill_value=True)
    meets = pc.and_kleene(pc.less(starts, end), pc.or_kleene(goes_on, pc.greater(ends, first)))
    position = register.schema.get_field_index("valid_to")
    clipped = pc.if_else(goes_on, pa.scalar(None, ends.type), ends)
    return register.set_column(position, "valid_to", clipped).filter(meets)
