"""The emulator runs `glueetl` jobs on local Spark 3.5, with the same arguments and libraries."""

import os
import shutil

import pytest

from velib_assets_tests.aws.calls import log_lines, make_role, run_job, zipped
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.server import Emulator

SCRIPT = """
import sys
from pyspark.sql import SparkSession

def square(n):
    import library
    return library.square(n)

spark = SparkSession.builder.getOrCreate()
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
squares = spark.sparkContext.parallelize(range(4), 2).map(square).collect()
print("found", spark.version, squares, arguments["--word"], arguments["--JOB_NAME"])
if arguments["--word"] == "bad":
    raise ValueError("a bad word")
"""


NO_JAVA = shutil.which("java") is None and os.environ.get("CI") != "true"


@pytest.mark.skipif(NO_JAVA, reason="THERE IS NO JAVA: SPARK DOES NOT RUN")
def test_spark_job_runs_and_fails_like_any_other(environments: Environments) -> None:
    with Emulator(environments=environments, spark=True) as emulator:
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="job.py", Body=SCRIPT)
        library = {"library.py": "def square(n): return n * n"}
        s3.put_object(Bucket="lake", Key="lib.zip", Body=zipped(library))
        make_role(emulator, "worker")
        emulator.client("glue").create_job(
            Name="spark",
            Role="worker",
            Command={"Name": "glueetl", "ScriptLocation": "s3://lake/job.py", "PythonVersion": "3"},
            DefaultArguments={"--extra-py-files": "s3://lake/lib.zip", "--word": "good"},
            GlueVersion="5.0",
            WorkerType="G.1X",
            NumberOfWorkers=2,
        )
        run = run_job(emulator, "spark", 120)
        assert (run["JobRunState"], run["MaxCapacity"], run["WorkerType"]) == ("SUCCEEDED", 2.0, "G.1X")
        (logged_line,) = [
            line for line in log_lines(emulator, "/aws-glue/jobs/output", run["Id"]) if "found" in line
        ]
        assert (logged_line[:9], logged_line.partition("[")[2]) == ("found 3.5", "0, 1, 4, 9] good spark")
        failed = run_job(emulator, "spark", 120, word="bad")
        assert (failed["JobRunState"], failed["ErrorMessage"]) == ("FAILED", "ValueError: a bad word")
