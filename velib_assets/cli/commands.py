"""The command group of `velib`."""

import click

from velib_assets.catalog.catalog import CatalogError
from velib_assets.cli import console
from velib_assets.cli.day_commands import day_command
from velib_assets.cli.discard_commands import discard
from velib_assets.cli.pack_commands import pack
from velib_assets.cli.publish_commands import publish
from velib_assets.cli.read_commands import audit, cost, query, report, status
from velib_assets.cli.reconcile_commands import reconcile
from velib_assets.cli.run_commands import backfill, demo, tick
from velib_assets.cli.station_commands import station
from velib_assets.cli.verify_commands import verify
from velib_assets.query.engine import QueryError
from velib_assets.settings import SettingsError


class Commands(click.Group):
    """A group in which an error of settings, AWS, disk, catalog or query ends a command with its message."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader of the output has exited, which click handles
        except SettingsError as error:
            console.fail(str(error))
        except (OSError, CatalogError, QueryError) as error:  # an AwsError is an OSError
            console.fail(str(error), console.FAILED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="velib-insights", message="velib %(version)s")
def main() -> None:
    """Vélib' Insights: snapshots of all stations of a bike-share network, cleaned and summarised as KPIs.

    Times are UTC. Settings are environment variables: VELIB_LAKE (the folder of the lake, by default `lake`
    in the checkout), VELIB_SOURCE (opendata, gbfs, archive or simulator), VELIB_NETWORK (the network, by
    default velib) and more in docs/settings.md. Runs appear in the Dagster UI (`make dev`).

    Exit status: 0 if every requested hour was cleaned; 1 if a snapshot or an hour failed, something is
    damaged or there is no lake, with what failed, where its bytes are and what to do on standard error; 2 for
    a wrong setting or usage.
    """


for command in (
    demo,
    tick,
    backfill,
    discard,
    reconcile,
    query,
    report,
    station,
    day_command,
    status,
    publish,
    verify,
    pack,
    audit,
    cost,
):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="velib")
