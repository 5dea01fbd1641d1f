"""The queue of runs, which the schedule's own do not wait in.

Belongs here: what starts at once and what waits. How many run at once is a setting in dagster.yaml.
"""

import dagster as dg
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.tags import SCHEDULE_NAME_TAG

from velib_assets.launching.launcher import ForkRunLauncher


class TicksFirstRunCoordinator(dg.QueuedRunCoordinator):
    """Launches a schedule's run at once, so that no backfill holds up a snapshot; queues all others.

    A tick run again by a person or by Dagster waits like any other: its time is over.
    """

    @property
    def dequeue_interval_seconds(self) -> int:
        """As configured. Asked once, by the daemon as it starts: its time to get ready for its first run."""
        launcher = self._instance.run_launcher
        if isinstance(launcher, ForkRunLauncher):
            launcher.warm_up()
        return super().dequeue_interval_seconds

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """The run, launched or queued."""
        run = context.dagster_run
        fresh = run.status is dg.DagsterRunStatus.NOT_STARTED and run.parent_run_id is None
        if SCHEDULE_NAME_TAG not in run.tags or not fresh:
            return super().submit_run(context)
        return self._instance.launch_run(run.run_id, context.workspace)
