"""Alert sinks: where a failed check, a failed run or a stale lake is told.

Belongs here: an alert's form and how each sink takes it. Does not: deciding what is worth one (sensors).
"""

import html
import logging
from typing import NamedTuple, Protocol

from velib_assets.lake.text import visible
from velib_assets.settings import Settings

MAX_TEXT = 3000


class Alert(NamedTuple):
    """Something a person should know; `id` stays the same when it has to be sent again."""

    id: str
    severity: str
    title: str
    text: str


class AlertError(Exception):
    """A sink did not take an alert. Says which and why, without its address: that may hold a secret.

    `permanent` where the sink refused this very alert, so that sending it again is of little use.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class AlertSink(Protocol):
    """Takes alerts."""

    name: str

    def send(self, alert: Alert) -> None:
        """Deliver one alert.

        Raises:
            AlertError: where it was not taken; worth another try.
        """
        ...


class LogSink:
    """Alerts as log lines of the daemon; one line each, whatever a feed put into its words."""

    name = "log"

    def send(self, alert: Alert) -> None:
        """See AlertSink."""
        level = logging.ERROR if alert.severity == "ERROR" else logging.WARNING
        logging.getLogger("velib.alerts").log(
            level,
            "%s [%s] %s: %s",
            alert.severity,
            alert.id,
            visible(alert.title),
            "; ".join(visible(line) for line in alert.text.splitlines()),
        )


class WebhookSink:
    """Alerts as JSON with a `text` key, which Slack takes; `id` lets a receiver drop a repetition.

    In `text` &, < and > are escaped, as Slack wants it: a feed's words mention nobody and link nowhere.
    """

    def __init__(self, name: str, url: str, timeout: float = 10.0) -> None:
        self.name, self._url, self._timeout = name, url, timeout

    def send(self, alert: Alert) -> None:
        """See AlertSink."""
        import requests  # noqa: PLC0415 - only needed when there is something to send

        body = {
            "text": html.escape(f"{alert.severity}: {alert.title}\n{alert.text}"[:MAX_TEXT], quote=False),
            "id": alert.id,
            "severity": alert.severity,
            "title": alert.title,
        }
        try:
            answer = requests.post(self._url, json=body, timeout=self._timeout, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:  # urllib3's and the codecs' among them
            raise AlertError(f"{self.name} cannot be reached: {type(error).__name__}") from None
        if not requests.codes.ok <= answer.status_code < requests.codes.multiple_choices:
            refused = answer.status_code in (400, 404, 410, 413, 422)
            raise AlertError(f"{self.name} answered HTTP {answer.status_code}", permanent=refused)


def sinks_of(settings: Settings) -> list[AlertSink]:
    """The configured sinks, in order."""
    sinks: list[AlertSink] = []
    for number, text in enumerate(settings.alerts, 1):
        kind, _, rest = text.partition(":")
        if kind == "sns":
            from velib_assets.alerts.sns import SnsSink  # noqa: PLC0415 - see resources.aws

            sinks.append(SnsSink(f"sns {number}", rest))
        else:
            sinks.append(WebhookSink(f"webhook {number}", rest) if kind == "webhook" else LogSink())
    return sinks
