"""The alert sink for topics of Amazon SNS."""

from velib_assets.alerts.alert import MAX_TEXT, Alert, AlertError
from velib_assets.aws.api import AwsError, call, client

_MAX_SUBJECT = 100
_REFUSED = {"NotFound", "NotFoundException", "InvalidParameter", "InvalidParameterException"}


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
