"""`velib audit` and `velib cost`: commands about the deployed stack."""

import click

from velib_assets.cli.console import FAILED, fail, format_option, read_settings, say


@click.command()
def audit() -> None:
    """Compare the table with what the Glue crawler infers from the clean files (AWS only).

    The catalog is not changed: in catalog mode api, the crawler writes a table of its own. AWS bills at least
    ten minutes per crawl.
    """
    settings = read_settings()
    if settings.target != "aws":
        fail("VELIB_TARGET: only AWS has a crawler; every tick checks the local table")
    from velib_assets.catalog.crawler_client import Crawler

    if differences := Crawler(settings.names).audit():
        fail("\n".join(f"the crawler infers other {difference}" for difference in differences), FAILED)
    click.echo("The crawler infers the table as declared.")


@click.command()
@click.option("--orchestrator", type=click.Choice(["dagster", "step_functions"]), help="What starts ticks.")
@click.option("--catalog-mode", type=click.Choice(["api", "crawler"]), help="What registers partitions.")
@click.option("--job-type", type=click.Choice(["pythonshell", "glueetl"]), help="Type of the Glue job.")
@click.option("--every", type=click.IntRange(1, 1440), metavar="MINUTES", help="Time between two ticks.")
@click.option("--memory", type=click.IntRange(128, 10240), metavar="MB", help="Memory of the Lambda.")
@format_option("table", "json")
def cost(form: str, **given: str | int | None) -> None:
    """Estimate what the stack on AWS costs per month, line by line.

    With VELIB_TARGET=aws, settings, durations and sizes are read from the deployed stack; otherwise they are
    the defaults of infra/ and the sizes in the local lake. Options override these. The basis of each value is
    shown.
    """
    from velib_assets.cost.bill import cost_report

    text, warnings = cost_report(read_settings(), given, form)
    click.echo(text)
    for warning in warnings:
        say(f"warning: {warning}; using the assumed value")


COMMANDS = (audit, cost)
