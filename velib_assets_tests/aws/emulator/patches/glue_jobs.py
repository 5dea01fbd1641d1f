"""Glue job runs: start, list, stop and limits as in the service."""

from __future__ import annotations

import math
import secrets
import threading
import time
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching
from velib_assets_tests.aws.emulator.patches.glue_process import Job, JobProcess

ACTIVE = ("STARTING", "RUNNING", "STOPPING")
_processes: dict[str, JobProcess] = {}
_starting = threading.Lock()


def apply() -> None:
    """Replace the handlers of job runs, and keep all attributes of a job."""
    glue = patching.service("glue")
    patching.require(glue, "_jobs", "_job_runs")
    patching.replace(glue, "_start_job_run", start)
    patching.replace(glue, "_batch_stop_job_run", stop)
    patching.replace(glue, "_get_job_runs", list_runs)


def start(data: dict[str, Any]) -> patching.Response:
    """StartJobRun."""
    glue = patching.service("glue")
    name = data.get("JobName")
    job = glue._jobs.get(name)
    if job is None:
        return patching.error(
            "EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}"
        )
    with _starting:
        runs = glue._job_runs.setdefault(name, [])
        limit = (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns") or 1
        if sum(run["JobRunState"] in ACTIVE for run in runs) >= limit:
            return patching.error("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}")
        run = _record(job, data)
        runs.append(run)
    patching.in_background(lambda: _execute(run, Job.of(job, run)), f"glue-{run['Id'][:9]}")
    return patching.ok({"JobRunId": run["Id"]})


def stop(data: dict[str, Any]) -> patching.Response:
    """BatchStopJobRun kills the process; its thread then writes STOPPED."""
    name, done, errors = data["JobName"], [], []
    for run_id in data["JobRunIds"]:
        run = next((r for r in patching.service("glue")._job_runs.get(name, []) if r["Id"] == run_id), None)
        if run is None:
            errors.append(_stop_error(name, run_id, "EntityNotFoundException", "Job run not found"))
        elif run["JobRunState"] not in ACTIVE:
            message = f"Cannot stop job run in state {run['JobRunState']}"
            errors.append(_stop_error(name, run_id, "InvalidInputException", message))
        else:
            run["JobRunState"] = "STOPPING"
            if run_id in _processes:
                _processes[run_id].kill()
            done.append({"JobName": name, "JobRunId": run_id})
    return patching.ok({"SuccessfulSubmissions": done, "Errors": errors})


def list_runs(data: dict[str, Any]) -> patching.Response:
    """GetJobRuns, newest first, in pages."""
    glue = patching.service("glue")
    if data.get("JobName") not in glue._jobs:
        return patching.error("EntityNotFoundException", f"Job {data.get('JobName')} not found")
    runs = glue._job_runs.get(data["JobName"], [])[::-1]
    first, size = int(data.get("NextToken") or 0), data.get("MaxResults") or 200
    page: dict[str, Any] = {"JobRuns": runs[first : first + size]}
    if first + size < len(runs):
        page["NextToken"] = str(first + size)
    return patching.ok(page)


def _record(job: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    spark = job["Command"].get("Name") == "glueetl"
    workers = data.get("NumberOfWorkers") or job.get("NumberOfWorkers") or 2
    capacity = data.get("MaxCapacity") or job.get("MaxCapacity") or (workers if spark else 0.0625)
    now = time.time()
    sized = {"WorkerType": job.get("WorkerType") or "G.1X", "NumberOfWorkers": workers} if spark else {}
    return sized | {
        "Id": "jr_" + secrets.token_hex(32),
        "Attempt": 0,
        "JobName": job["Name"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": data.get("Arguments", {}),
        "PredecessorRuns": [],
        "AllocatedCapacity": int(capacity),
        "MaxCapacity": float(capacity),
        "ExecutionTime": 0,
        "Timeout": data.get("Timeout") or job.get("Timeout") or 2880,
        "GlueVersion": job.get("GlueVersion") or "3.0",
        "LogGroupName": "/aws-glue/jobs" if spark else "/aws-glue/python-jobs",
    }


def _execute(run: dict[str, Any], job: Job) -> None:
    """Run the job to its end, and record the result."""
    process = _processes[run["Id"]] = JobProcess(job)
    try:
        if run["JobRunState"] == "STARTING":
            run["JobRunState"] = "RUNNING"
        state, message = process.run(deadline=run["StartedOn"] + run["Timeout"] * patching.MINUTE)
    except Exception as problem:  # noqa: BLE001 - any error goes into the run's record
        state, message = "FAILED", f"{type(problem).__name__}: {problem}"
    finally:
        del _processes[run["Id"]]
    if run["JobRunState"] == "STOPPING":
        state, message = "STOPPED", ""
    if message:
        run["ErrorMessage"] = message
    now = time.time()
    run.update(CompletedOn=now, LastModifiedOn=now, ExecutionTime=math.ceil(now - run["StartedOn"]))
    run["JobRunState"] = state


def _stop_error(name: str, run_id: str, code: str, message: str) -> dict[str, Any]:
    detail = {"ErrorCode": code, "ErrorMessage": message}
    return {"JobName": name, "JobRunId": run_id, "ErrorDetail": detail}
