"""An alert, and the sinks that deliver it: the log, a file, webhooks, and topics of Amazon SNS."""

import html
import logging
from pathlib import Path
from typing import NamedTuple, Protocol

from velib_assets.aws.api import AwsError, call, client
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import IS_VELIB, KEY
from velib_assets.lake.text import visible
from velib_assets.settings import Settings

MAX_TEXT = 3000
_MAX_SUBJECT = 100
_REFUSED = {"NotFound", "NotFoundException", "InvalidParameter", "InvalidParameterException"}


class Alert(NamedTuple):
    """Something that a person should know. `id` stays the same when the alert is sent again."""

    id: str
    severity: str
    title: str
    text: str


def network_alert(id_: str, severity: str, title: str, text: str) -> Alert:
    """Return an alert about this process's network; its id and title name it, unless it is Vélib'."""
    if IS_VELIB:
        return Alert(id_, severity, title, text)
    return Alert(f"{KEY}:{id_}", severity, f"{KEY}: {title}", text)


class AlertError(Exception):
    """A sink did not accept an alert. The message omits the sink's address, which may hold a secret.

    Attributes:
        permanent: whether the sink refused this alert, so that sending it again is useless.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class AlertSink(Protocol):
    """Delivers alerts."""

    name: str

    def send(self, alert: Alert) -> None:
        """Deliver one alert.

        Raises:
            AlertError: the alert was not accepted; unless permanently, send it again later.
        """
        ...


class LogSink:
    """Writes alerts to the log of the daemon, one line each, whatever text a feed contains."""

    name = "log"

    def send(self, alert: Alert) -> None:
        """See AlertSink."""
        level = logging.ERROR if alert.severity == "ERROR" else logging.WARNING
        logging.getLogger("velib.alerts").log(level, "%s", _line(alert))


class FileSink:
    """Appends alerts to a file, one line each, after the time (UTC) at which it was sent."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self._path = name, path

    def send(self, alert: Alert) -> None:
        """See AlertSink."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{utc_now():%Y-%m-%dT%H:%M:%SZ} {_line(alert)}\n")
        except OSError as error:
            raise AlertError(f"{self.name}: cannot write {self._path}: {error.strerror}") from None


def _line(alert: Alert) -> str:
    text = "; ".join(visible(line) for line in alert.text.splitlines())
    return f"{alert.severity} [{alert.id}] {visible(alert.title)}: {text}"


class WebhookSink:
    """Posts alerts as JSON with a `text` key, which Slack accepts; `id` lets a receiver drop duplicates.

    In `text`, &, < and > are escaped, as Slack requires, so that text from a feed mentions nobody.
    """

    def __init__(self, name: str, url: str, timeout: float = 10.0) -> None:
        self.name, self._url, self._timeout = name, url, timeout

    def send(self, alert: Alert) -> None:
        """See AlertSink."""
        import requests  # noqa: PLC0415 - only needed to send

        body = {
            "text": html.escape(f"{alert.severity}: {alert.title}\n{alert.text}"[:MAX_TEXT], quote=False),
            "id": alert.id,
            "severity": alert.severity,
            "title": alert.title,
        }
        try:
            response = requests.post(self._url, json=body, timeout=self._timeout, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:  # ValueError: of urllib3 and codecs
            raise AlertError(f"{self.name} cannot be reached: {type(error).__name__}") from None
        if not requests.codes.ok <= response.status_code < requests.codes.multiple_choices:
            refused = response.status_code in (400, 404, 410, 413, 422)
            raise AlertError(f"{self.name} returned HTTP {response.status_code}", permanent=refused)


class SnsSink:
    """Publishes alerts to a topic; the attribute `id` lets a receiver drop duplicates."""

    def __init__(self, name: str, topic: str) -> None:
        self.name, self._topic = name, topic

    def send(self, alert: Alert) -> None:
        """See AlertSink."""
        subject = f"{alert.severity}: {alert.title}".encode("ascii", "replace").decode()
        attributes = {"id": alert.id, "severity": alert.severity}
        try:
            call(
                client("sns", self._topic.split(":")[3]),
                "publish",
                self.name,
                TopicArn=self._topic,
                Subject=" ".join(subject.split())[:_MAX_SUBJECT],
                Message=f"{alert.title}\n\n{alert.text}"[:MAX_TEXT] + f"\n\nid: {alert.id}",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except AwsError as error:
            raise AlertError(str(error), permanent=error.code in _REFUSED) from None


def sinks_of(settings: Settings) -> list[AlertSink]:
    """Build the configured sinks, in order."""
    sinks: list[AlertSink] = []
    for number, text in enumerate(settings.alerts, 1):
        kind, _, rest = text.partition(":")
        if kind == "sns":
            sinks.append(SnsSink(f"sns {number}", rest))
        elif kind == "file":
            sinks.append(FileSink(f"file {number}", Path(rest)))
        else:
            sinks.append(WebhookSink(f"webhook {number}", rest) if kind == "webhook" else LogSink())
    return sinks
