"""Jobs that the launcher's tests run in processes of their own."""

import os
import signal
import time

import dagster as dg


@dg.op
def say(context: dg.OpExecutionContext) -> None:
    """Tells the number of its process."""
    context.log.info("in process %d", os.getpid())


@dg.job(executor_def=dg.in_process_executor)
def well() -> None:
    """Ends as it should."""
    say()


@dg.job(executor_def=dg.in_process_executor, name="velib_pipeline")
def pipeline() -> None:
    """Ends as it should, and has the name of ours."""
    say()


@dg.job(executor_def=dg.in_process_executor)
def killed() -> None:
    """Its process is killed as one that used too much memory is."""

    @dg.op
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    die()


@dg.job(executor_def=dg.in_process_executor)
def endless() -> None:
    """Sleeps for longer than any test waits."""

    @dg.op
    def sleep() -> None:
        time.sleep(600)

    sleep()


@dg.job(executor_def=dg.in_process_executor)
def slow() -> None:
    """Ends some seconds after whoever launched it."""

    @dg.op
    def wait() -> None:
        time.sleep(8)

    wait()
