"""Build the definitions from the settings. Loading them needs no credentials and no network."""

import dagster as dg

from velib_assets.alerts.sinks import sinks_of
from velib_assets.defs.clean_stations import clean_stations
from velib_assets.defs.daily_jobs import DAILY_JOB, MONTHLY_JOB
from velib_assets.defs.daily_kpi_assets import daily_kpis
from velib_assets.defs.daily_schedule import AT_THREE, daily_schedule
from velib_assets.defs.jobs import EVERY_15_MINUTES, KPI_JOB, PIPELINE_JOB, pipeline_schedule
from velib_assets.defs.kpi_views import kpi_views
from velib_assets.defs.maintenance.maintenance_job import maintenance_schedule
from velib_assets.defs.maintenance.retire_hours import retire_hours_op
from velib_assets.defs.partitions import starting_at
from velib_assets.defs.raw_snapshot import raw_snapshot
from velib_assets.defs.sensors.alert_sensor import alert_sensor
from velib_assets.defs.sensors.daily_healing_sensor import daily_healing_sensor
from velib_assets.defs.sensors.healing_sensor import healing_sensor
from velib_assets.defs.sensors.staleness_sensor import staleness_sensor
from velib_assets.defs.source_velib import source_velib
from velib_assets.defs.station_history import station_history, station_history_months
from velib_assets.defs.stations_asset import stations
from velib_assets.defs.velib_report import velib_report
from velib_assets.resources import build_resources
from velib_assets.settings import Settings

# Seconds between two evaluations of the sensors healing, staleness and daily healing. On AWS each one costs
# listings, and the last one also reads the footer of each day that it checks.
SENSOR_INTERVALS = {"local": (30, 60, 60), "aws": (1800, 300, 14_400)}


def build_defs(
    settings: Settings, *, cron: str = EVERY_15_MINUTES, daily_cron: str = AT_THREE
) -> dg.Definitions:
    """Build all definitions.

    Args:
        settings: The validated settings.
        cron: When the pipeline's schedule ticks; tests cannot wait for 15 minutes.
        daily_cron: When the daily schedule ticks.
    """
    resources = build_resources(settings)
    sinks = sinks_of(settings)
    healing, staleness, daily_healing = SENSOR_INTERVALS[settings.target]
    schedule = pipeline_schedule(on=settings.schedule_on, cron=cron)
    daily = daily_schedule(
        resources.lake, resources.catalog, settings.first_hour, on=settings.schedule_on, cron=daily_cron
    )
    retiring = (
        [retire_hours_op(resources.lake, resources.catalog, settings.keep_hours_days)]
        if settings.keep_hours_days
        else []
    )
    maintenance = maintenance_schedule(settings.keep_runs_days, sinks, retiring)
    return dg.Definitions(
        assets=starting_at(
            settings.first_hour,
            [
                raw_snapshot,
                clean_stations,
                stations,
                source_velib,
                kpi_views,
                velib_report,
                station_history,
                station_history_months,
                daily_kpis,
            ],
        ),
        jobs=[PIPELINE_JOB, KPI_JOB, DAILY_JOB, MONTHLY_JOB, maintenance.job],
        schedules=[schedule, daily, maintenance],
        sensors=[
            alert_sensor(sinks),
            staleness_sensor(
                resources.lake, sinks, schedule, staleness, external_ticks=settings.target == "aws"
            ),
            healing_sensor(resources.lake, resources.catalog, healing, settings.first_hour),
            daily_healing_sensor(resources.lake, resources.catalog, daily_healing, settings.first_hour),
        ],
        resources=resources._asdict(),
        executor=dg.in_process_executor,  # for runs launched from an asset's page: 43 s otherwise
    )
