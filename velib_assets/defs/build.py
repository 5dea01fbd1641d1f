"""The one place where everything meets: settings, resources, assets, jobs, schedule, sensors.

Belongs here: wiring. Loading it needs no credentials and no network.
"""

import warnings
from pathlib import Path
from typing import Any

import dagster as dg

from velib_assets.alerts.alert import sinks_of
from velib_assets.defs import clean_stations, kpi_views, raw_snapshot, source_velib, velib_report
from velib_assets.defs.maintenance.maintenance_job import maintenance_job, maintenance_schedule
from velib_assets.defs.schedules import EVERY_15_MINUTES, kpi_job, pipeline_job, pipeline_schedule
from velib_assets.defs.sensors.alert_sensor import alert_sensor
from velib_assets.defs.sensors.healing_sensor import healing_sensor
from velib_assets.defs.sensors.staleness_sensor import staleness_sensor
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS
from velib_assets.query import sql
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.resources import build_resources
from velib_assets.settings import Settings

# Between two rounds of healing and of staleness; in a bucket each round costs listings.
SECONDS = {"local": (30, 60), "aws": (1800, 300)}
OWNERS = ["team:velib-insights"]
AFTER_TABLE = [*(view.name for view in VIEWS), velib_report.NAME]


def build_defs(settings: Settings, *, cron: str = EVERY_15_MINUTES) -> dg.Definitions:
    """All definitions for these settings; `cron` is the schedule's, for tests that cannot wait."""
    stack = build_resources(settings)
    healing, staleness = SECONDS[settings.target]
    sinks = sinks_of(settings)
    pipeline = pipeline_job()
    schedule = pipeline_schedule(pipeline, on=settings.schedule_on, cron=cron)
    maintenance = maintenance_job(settings.keep_runs_days, sinks)
    return dg.Definitions(
        assets=_assets(),
        jobs=[pipeline, kpi_job(), maintenance],
        schedules=[schedule, maintenance_schedule(maintenance)],
        sensors=[
            alert_sensor(sinks),
            staleness_sensor(stack.lake, sinks, schedule, staleness, others_tick=settings.target == "aws"),
            healing_sensor(stack.lake, stack.catalog, pipeline, AFTER_TABLE, healing),
        ],
        resources=stack._asdict(),
        executor=dg.in_process_executor,  # what the UI launches from an asset's page: 43 s otherwise
    )


def _assets() -> list[dg.AssetsDefinition]:
    table = _column_schema([(c.name, c.type, _meaning(c)) for c in (*COLUMNS, *PARTITION_COLUMNS)])
    raw, clean, source = (
        {"owners": OWNERS, "metadata": metadata}
        for metadata in (
            _code(raw_snapshot.__file__, raw_snapshot.raw_hours),
            _code(clean_stations.__file__, clean_stations.clean_hours) | table,
            _code(source_velib.__file__, source_velib.register_hours) | table,
        )
    )
    return [
        raw_snapshot.raw_snapshot_asset(**raw),
        clean_stations.clean_stations_asset(**clean),
        source_velib.source_velib_asset(**source),
        kpi_views.kpi_assets(VIEWS, _view_attributes),
        velib_report.velib_report_asset(
            [view.name for view in VIEWS],
            owners=OWNERS,
            metadata=_code(velib_report.__file__, velib_report.make_report),
        ),
    ]


def _view_attributes(view: Kpi) -> dict[str, Any]:
    source = _references(Path(sql.__file__).parent / f"{view.name}.sql", 1)
    return {"owners": OWNERS, "metadata": _column_schema(view.columns) | source}


def _meaning(column: Any) -> str:  # noqa: ANN401 - schema.Column
    return f"{column.description} ({column.unit})" if column.unit else column.description


def _column_schema(columns: Any) -> dict[str, Any]:  # noqa: ANN401 - (name, type, description) rows
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(name, type_, meaning) for name, type_, meaning in columns]
        )
    }


def _code(file: str | None, function: Any) -> dict[str, Any]:  # noqa: ANN401 - any function
    return _references(Path(file or ""), function.__code__.co_firstlineno)


def _references(path: Path, line: int) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        place = dg.LocalFileCodeReference(file_path=str(path), line_number=line)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[place])}
