"""The queue of runs, in which the ticks of the pipeline do not wait.

Belongs here: what starts at once and what waits. How many run at once is a setting in dagster.yaml.
"""

import dagster as dg
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.tags import SCHEDULED_EXECUTION_TIME_TAG

from velib_assets.defs.launching.launcher import ForkRunLauncher

PIPELINE = "velib_pipeline"


class TicksFirstRunCoordinator(dg.QueuedRunCoordinator):
    """Launches a tick of the pipeline at once, so that no backfill holds up a snapshot; queues all others.

    It counts among those that run. One tried again, by a person or by Dagster, waits like any other.
    """

    @property
    def dequeue_interval_seconds(self) -> int:
        """As configured, and the launcher begins to warm up.

        The daemon alone asks, once, as it starts: Dagster calls nothing else of dagster.yaml's then.
        """
        launcher = self._instance.run_launcher
        if isinstance(launcher, ForkRunLauncher):
            launcher.warm_up()
        return super().dequeue_interval_seconds

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """The run, launched or queued."""
        run = context.dagster_run
        # Only the daemon sets this tag: not the UI, where a schedule is tried.
        tick = run.job_name == PIPELINE and SCHEDULED_EXECUTION_TIME_TAG in run.tags
        if tick and run.status is dg.DagsterRunStatus.NOT_STARTED and run.parent_run_id is None:
            return self._instance.launch_run(run.run_id, context.workspace)
        return super().submit_run(context)
