"""`velib report`: making the page, and saying where it is.

Belongs here: what the command does and says. Does not: its arguments and exit statuses (cli).
"""

import webbrowser
from pathlib import Path

import click

from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import REPORT_KEY
from velib_assets.lake.listing import utc_now
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import write_report
from velib_assets.resources import Resources


def make_page(stack: Resources, home: Path, *, show: bool) -> None:
    """Make the report of the lake as it is now, say where it is, and open it if that is asked for.

    On AWS a copy goes into `home`, links and all, and the page in the bucket gets a link that lives an hour.

    Raises:
        QueryError, CatalogError: where the lake cannot be asked.
        OSError: where a file cannot be written.
    """
    found = load_report_data(stack.query_engine, stack.catalog, stack.lake, utc_now())
    written = write_report(stack.lake, found)
    page = Path(written.address)
    if isinstance(stack.lake, BucketStore):
        page = Path(write_report(FolderStore(home), found).address)
        click.echo(f"{written.address}\nfor one hour: {stack.lake.link(REPORT_KEY)}", err=True)
    click.echo(page)
    if written.report["newest_ts"] is None:
        click.echo("The lake has no snapshot yet: `velib tick` takes one.", err=True)
    if show and not webbrowser.open(page.as_uri()):
        click.echo("no browser could be opened here: open that file in one", err=True)
