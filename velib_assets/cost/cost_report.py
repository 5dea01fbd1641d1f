"""`velib cost`: the bill for the settings, with what the command line puts in their place.

Belongs here: which inputs hold. Does not: reading them from AWS (deployed), or the bill.
"""

import json
from collections.abc import Mapping

from velib_assets.cost.bill import bill_of, data_of
from velib_assets.cost.deployed import deployed
from velib_assets.cost.inputs import Inputs
from velib_assets.cost.prices import read_prices
from velib_assets.cost.sizes import with_sizes
from velib_assets.cost.table import table_of
from velib_assets.cost.work import read_work
from velib_assets.lake.folder_store import FolderStore
from velib_assets.settings import Settings


def cost_report(
    settings: Settings, given: Mapping[str, float | str | None], form: str
) -> tuple[str, list[str]]:
    """The bill as a table or as JSON, and what AWS refused to tell, a line each.

    Args:
        settings: on AWS, the deployed stack is asked; locally, the lake's sizes are taken.
        given: inputs by name that go before what is deployed; None where none was given.
        form: `table` or `json`.

    Raises:
        AwsError: where AWS cannot be asked at all.
    """
    inputs, refused = _inputs(settings)
    for name, value in given.items():
        if value is not None:
            inputs = inputs.known(f"given: --{name.replace('_', '-')}", **{name: value})
    bill = bill_of(inputs, read_work(), read_prices())
    text = json.dumps(data_of(bill), indent=2, ensure_ascii=False) if form == "json" else table_of(bill)
    return text, refused


def _inputs(settings: Settings) -> tuple[Inputs, list[str]]:
    if settings.target == "aws":
        return deployed(settings.names, settings.catalog_mode)
    return with_sizes(Inputs(), FolderStore(settings.lake)), []
