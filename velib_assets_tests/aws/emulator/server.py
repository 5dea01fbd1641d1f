"""Starts and stops the emulator from the project's environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from velib_assets_tests.aws.emulator import interpreters
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.ports import free_port

ACCOUNT = "000000000000"
REGION = "us-east-1"
_READY_SECONDS = 120
_STOP_SECONDS = 20
_PASSED_ON = ("PATH", "LANG", "JAVA_HOME", "SSL_CERT_FILE")


class Emulator:
    """A server on 127.0.0.1, as a context manager.

    Without `state` it forgets everything at the end; with a folder it keeps everything there. `auth`
    enforces the policies of roles, `minute` is how many seconds a minute lasts in a Glue job's timeout and
    in a schedule's rate(), `spark` makes the environment for `glueetl` jobs too.
    """

    def __init__(
        self,
        *,
        environments: Environments | None = None,
        state: Path | None = None,
        port: int = 0,
        auth: bool = False,
        spark: bool = False,
        minute: float = 60,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.environments = environments or Environments.default()
        self.home = self.environments.home
        self._state = state
        self._port = port or free_port()
        self._auth = auth
        self._spark = spark
        self._minute = minute
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._clients: dict[str, Any] = {}

    @property
    def endpoint(self) -> str:
        """The URL of all services."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> Path:
        """The log file of the server."""
        return self._folder / "server.log"

    def env(self) -> dict[str, str]:
        """Return the AWS_* settings to reach it as root, for an environment without others."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, **credentials: str) -> Any:
        """Return a boto3 client, as root or with `aws_access_key_id=..., aws_secret_access_key=...`."""
        if credentials:
            return self._new_client(service, credentials)
        if service not in self._clients:  # each costs a tenth of a second
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            self._clients[service] = self._new_client(service, keys)
        return self._clients[service]

    def _new_client(self, service: str, credentials: dict[str, str]) -> Any:
        session = boto3.session.Session(region_name=REGION, **credentials)
        config = Config(retries={"total_max_attempts": 1}, read_timeout=180)
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def interpreters(self) -> dict[str, str]:
        """Return the Python version of each service."""
        pythons = {"server": self.environments.server, "lambda": self.environments.lambda_python}
        pythons["glue"] = self.environments.glue_python
        if self._spark:
            pythons["spark"] = self.environments.spark_python
        return {name: interpreters.version_of(python) for name, python in pythons.items()}

    def start(self) -> Emulator:
        """Create what is missing, start the server, and wait until it responds."""
        self._scratch = Path(tempfile.mkdtemp(prefix="velib-emulator-"))
        command = [str(self.environments.server), str(Path(__file__).with_name("launch.py"))]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._scratch,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server with all that it started, and clean up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _folder(self) -> Path:
        if self._scratch is None:
            raise RuntimeError("the emulator has not been started")
        if self._state is not None:
            self._state.mkdir(parents=True, exist_ok=True)
        return self._state or self._scratch

    def _environment(self) -> dict[str, str]:
        """Build a small environment without variables of this process, because Lambda workers inherit it."""
        environments, folder = self.environments, self._folder.resolve()
        spark = {"VELIB_EMULATOR_SPARK_PYTHON": str(environments.spark_python)} if self._spark else {}
        persist = {"PERSIST_STATE": "1", "S3_PERSIST": "1"} if self._state else {}
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "TZ": "UTC",
            "HOME": str(self._scratch),
            "TMPDIR": str(self._scratch),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "AUTH": "true" if self._auth else "false",
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "s3"),
            **persist,
            "LAMBDA_PYTHONS": f"python3.12={environments.lambda_python}",
            "VELIB_EMULATOR_SCRATCH": str(self._scratch),
            "VELIB_EMULATOR_MINUTE": str(self._minute),
            "VELIB_EMULATOR_GLUE_PYTHON": str(environments.glue_python),
            **spark,
            **self._settings,
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5):  # noqa: S310 - http
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"the emulator did not start:\n{self.log.read_text()[-4000:]}")
