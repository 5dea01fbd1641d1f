"""The checks of what an archive brings: contradictions to raw, files that are not read, missing columns."""

from collections.abc import Sequence

from velib_assets.defs.checks.declaration import FAULTS, WARN, Finding, check
from velib_assets.ingest.archive_comparison import DIFFERENT
from velib_assets.ingest.ingest_result import MISSING_COLUMNS, UNREAD, IngestResult

REMARKS = (DIFFERENT, UNREAD)
_IN_OPERATION = {"is_installed", "reported_ts"}


@check("raw_snapshot", severity=WARN)
def archive_agrees(results: Sequence[IngestResult]) -> Finding:
    """Check that the archive has the same records as raw, and one file per time.

    Args:
        results: What became of the archive's snapshots.
    """
    remarks = [result.reason for result in results if result.code in REMARKS]
    message = "; ".join(remarks) or "no file of the archive contradicts raw"
    return Finding(not remarks, message, {FAULTS: len(remarks)})


@check("raw_snapshot", severity=WARN)
def archive_columns(results: Sequence[IngestResult]) -> Finding:
    """Check that the files of the archive fill every column of the table.

    Args:
        results: What became of the archive's snapshots.
    """
    stored = [result.reason.split(", ") for result in results if result.code == MISSING_COLUMNS]
    missing = list(dict.fromkeys(column for columns in stored for column in columns))
    if not missing:
        return Finding(True, "every column is filled", {FAULTS: 0})
    message = f"not in the files: {', '.join(missing)}"
    if unknown := [column for column in missing if column in _IN_OPERATION]:
        message += f". Without {' and '.join(unknown)} no station counts as in operation: most KPIs are empty"
    return Finding(False, message, {FAULTS: len(missing)})
