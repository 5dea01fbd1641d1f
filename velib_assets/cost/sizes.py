"""How large a snapshot and a clean hour are, by listing a day of the lake.

Belongs here: measuring one day, in a folder or a bucket. Does not: what the sizes cost.
"""

from velib_assets.cost.inputs import Inputs
from velib_assets.lake.keys import raw_time, source_prefix
from velib_assets.lake.store import LakeStore


def with_sizes(inputs: Inputs, store: LakeStore) -> Inputs:
    """The inputs with the sizes of the newest full day (or the only one); an empty lake tells none."""
    dates = store.folders(source_prefix("clean"))
    if not dates:
        return inputs
    date = dates[-2:][0]
    raw = [item.size for item in store.walk(f"{source_prefix('raw')}{date}/") if raw_time(item.key)]
    clean = [
        item.size for item in store.walk(f"{source_prefix('clean')}{date}/") if item.key.endswith(".parquet")
    ]
    where = f"measured: {date} in {store.address('')}"
    if raw:
        inputs = inputs.known(f"{where}, snapshots: {len(raw)}", raw_bytes=sum(raw) / len(raw))
    if clean:
        inputs = inputs.known(f"{where}, hours: {len(clean)}", clean_bytes=sum(clean) / len(clean))
    return inputs
