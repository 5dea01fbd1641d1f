"""An alert, and the interface of the sinks that deliver it."""

from typing import NamedTuple, Protocol


class Alert(NamedTuple):
    """Something that a person should know. `id` stays the same when the alert is sent again."""

    id: str
    severity: str
    title: str
    text: str


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
