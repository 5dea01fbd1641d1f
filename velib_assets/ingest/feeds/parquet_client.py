"""Reads an exported Parquet file. Only the Dagster host does: the Lambda has no pyarrow."""

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.ingest.response import MAX_BYTES, UnusableError, too_large

MAX_ROWS = 200_000  # of one snapshot; a real one has 1,500


def parquet_records(body: bytes) -> list[dict[str, object]]:
    """Return the rows of a Parquet file.

    Raises:
        UnusableError: `not_parquet` if it is damaged; `too_large`.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        groups = [file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups)]
        if file.metadata.num_rows > MAX_ROWS:
            raise UnusableError("too_large", f"the Parquet file has over {MAX_ROWS:,} rows")
        if sum(groups) > MAX_BYTES:
            raise too_large()
        records: list[dict[str, object]] = file.read().to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, UnusableError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnusableError("not_parquet", f"the Parquet file cannot be read: {reason}") from None
    return records
