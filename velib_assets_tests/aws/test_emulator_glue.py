"""The emulator's Glue jobs run their scripts, with arguments, limits and states of the service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from velib_assets.aws.package_zip import write_wheel
from velib_assets_tests.aws.calls import job_ended, log_lines, make_role, run_job, zipped
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.waiting import wait_for

SCRIPT = """
import os, sys, time
try:
    import library
except ImportError:  # the shell puts the zip's folder on the path, but not the zip
    sys.path[:0] = [os.path.join(folder, "library.zip") for folder in sys.path]
else:
    raise AssertionError("the emulator is kinder than AWS")
import boto3
import library
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print("arguments", sorted(arguments.items()), "%d.%d" % sys.version_info[:2], library.NAME)
mode = arguments["--mode"]
if mode == "raise":
    raise ValueError("hour 2022-06-04T00 is not there")
if mode == "sleep":
    boto3.client("s3").put_object(Bucket=arguments["--bucket"], Key="asleep", Body=b"")
    time.sleep(60)
if mode == "eat":
    eaten = [b"x" * (64 << 20) for _ in range(20)]
    time.sleep(60)  # until the watcher has polled
if mode == "exit":
    sys.exit(3)
"""

Job = Callable[..., str]


@pytest.fixture
def job(emulator: Emulator, bucket: str, unique: str) -> Job:
    """Creates a Python shell job from a script."""
    make_role(emulator, unique)

    def make(**changes: Any) -> str:
        s3 = emulator.client("s3")
        s3.put_object(Bucket=bucket, Key="glue/job.py", Body=SCRIPT)
        s3.put_object(
            Bucket=bucket, Key="glue/library.zip", Body=zipped({"library.py": "NAME = 'from the zip'"})
        )
        arguments = {
            "--extra-py-files": f"s3://{bucket}/glue/library.zip",
            "--bucket": bucket,
            "--mode": "default",
        }
        definition: dict[str, Any] = {
            "Role": unique,
            "Command": {
                "Name": "pythonshell",
                "ScriptLocation": f"s3://{bucket}/glue/job.py",
                "PythonVersion": "3.9",
            },
            "DefaultArguments": arguments | changes.pop("arguments", {}),
            "MaxCapacity": 0.0625,
            "Timeout": 30,
        }
        emulator.client("glue").create_job(Name=unique, **(definition | changes))
        return unique

    return make


def test_job_gets_its_arguments_and_library(emulator: Emulator, job: Job) -> None:
    run = run_job(emulator, job(), hours="newest")
    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", None)
    assert run["MaxCapacity"] == 0.0625
    assert run["ExecutionTime"] >= 1
    (line,) = log_lines(emulator, "/aws-glue/python-jobs/output", run["Id"])
    assert "('--hours', 'newest'), ('--mode', 'default')" in line
    assert line.endswith(f"{emulator.interpreters()['glue']} from the zip")


def test_arguments_of_the_run_override_and_an_exception_fails_it(emulator: Emulator, job: Job) -> None:
    run = run_job(emulator, job(), mode="raise")
    assert (run["JobRunState"], run["ErrorMessage"]) == (
        "FAILED",
        "ValueError: hour 2022-06-04T00 is not there",
    )
    assert any("Traceback" in line for line in log_lines(emulator, "/aws-glue/python-jobs/error", run["Id"]))


def test_exit_status_fails_the_run(emulator: Emulator, job: Job) -> None:
    run = run_job(emulator, job(), mode="exit")
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "Command failed with exit code 3")


def test_stopping_kills_the_process(emulator: Emulator, job: Job, bucket: str) -> None:
    glue, name = emulator.client("glue"), job()
    run_id = glue.start_job_run(JobName=name, Arguments={"--mode": "sleep"})["JobRunId"]
    wait_for(lambda: "Contents" in emulator.client("s3").list_objects_v2(Bucket=bucket, Prefix="asleep"))
    assert glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])["Errors"] == []
    assert job_ended(emulator, name, run_id, 10)["JobRunState"] == "STOPPED"
    assert [run["JobRunState"] for run in glue.get_job_runs(JobName=name)["JobRuns"]] == ["STOPPED"]


def test_timeout_ends_the_run(emulator: Emulator, job: Job) -> None:
    run = run_job(emulator, job(Timeout=1), mode="sleep")
    assert run["JobRunState"] == "TIMEOUT"


def test_concurrent_runs_are_limited(emulator: Emulator, job: Job) -> None:
    glue, name = emulator.client("glue"), job(ExecutionProperty={"MaxConcurrentRuns": 1})
    run_id = glue.start_job_run(JobName=name, Arguments={"--mode": "sleep"})["JobRunId"]
    with pytest.raises(ClientError) as refused:
        glue.start_job_run(JobName=name)
    assert refused.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    job_ended(emulator, name, run_id)


def test_run_with_a_sixteenth_dpu_has_one_gigabyte(emulator: Emulator, job: Job) -> None:
    run = run_job(emulator, job(), mode="eat")
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "Command Failed due to Out of Memory")


def test_module_of_the_public_index_fails_the_run(emulator: Emulator, job: Job) -> None:
    run = run_job(emulator, job(arguments={"--additional-python-modules": "pyarrow==1.0.0"}))
    assert run["JobRunState"] == "FAILED"
    assert "pyarrow==1.0.0" in run["ErrorMessage"]


def test_wheel_that_requires_another_fails_the_run(
    emulator: Emulator, job: Job, bucket: str, tmp_path: Path
) -> None:
    """Each wheel is installed by itself: pip would look for the others in the public index."""
    info = "needy-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: needy\nVersion: 1.0\nRequires-Dist: other\n"
    files = [
        (f"{info}/METADATA", metadata.encode()),
        (f"{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    ]
    wheel = write_wheel(tmp_path / "needy-1.0-py3-none-any.whl", files, info)
    emulator.client("s3").put_object(Bucket=bucket, Key=wheel.name, Body=wheel.read_bytes())
    run = run_job(emulator, job(arguments={"--extra-py-files": f"s3://{bucket}/{wheel.name}"}))
    assert run["JobRunState"] == "FAILED"
    assert "No matching distribution found for other" in run["ErrorMessage"]


def test_missing_script_fails_the_run(emulator: Emulator, job: Job, bucket: str) -> None:
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{bucket}/glue/gone.py"}
    run = run_job(emulator, job(Command=command))
    assert run["JobRunState"] == "FAILED"
    assert "NoSuchKey" in run["ErrorMessage"]
