# Alarms on failures and on missing snapshots, in both orchestrator modes. A failed Glue run has no alarm of its own:
# it fails Dagster's run or the state machine.

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26:Alerts hold no data. The AWS-managed key of SNS (alias/aws/sns) does not allow CloudWatch and Budgets, so alarms would not arrive; encryption would need a customer key
  name = local.name.topic
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = "AlarmsAndBudgets"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alert_email == "" ? 0 : 1

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

# The dead-man's switch. FILL is needed because CloudWatch evaluates older data points while new ones are missing,
# which would delay the alarm by an hour. With no data at all, missing data is breaching: on a new deployment the
# alarm fires until the first snapshot.
resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name          = "${local.name.lambda}_silent"
  alarm_description   = "No snapshot stored for ${var.silence_minutes} minutes. The feed has no past, so missed snapshots cannot be fetched later."
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = var.silence_minutes / 15
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]

  metric_query {
    id          = "filled"
    label       = "Snapshots stored"
    expression  = "FILL(stored, 0)"
    return_data = true
  }

  metric_query {
    id = "stored"

    metric {
      namespace   = "Velib/Ingest"
      metric_name = "SnapshotsStored"
      dimensions  = { FunctionName = local.name.lambda }
      stat        = "Sum"
      period      = 900
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lambda_errors" {
  alarm_name          = "${local.name.lambda}_errors"
  alarm_description   = "A snapshot could not be taken. If the feed sent a response, its bytes and the reason are in quarantine/."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.ingest.function_name }
  statistic           = "Sum"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Each step has its own timeout, which fails the execution, so TimedOut needs no alarm.
resource "aws_cloudwatch_metric_alarm" "machine_failures" {
  for_each = local.machines

  alarm_name          = "${each.value.name}_failed"
  alarm_description   = "An execution of ${each.value.name} failed. The execution has the cause."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.machine[each.key].arn }
  statistic           = "Sum"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}
