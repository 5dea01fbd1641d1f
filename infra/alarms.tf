# Who is told when something fails or falls silent, whichever orchestrator is in charge. A failed Glue run has no
# alarm of its own: it fails Dagster's run, or the state machine.

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26:Alerts hold no data. The key that SNS offers (alias/aws/sns) refuses CloudWatch and Budgets, so encryption would silence the alarms; it takes a customer key
  name = var.topic_name
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

# The dead-man switch. FILL, since CloudWatch looks further back than the periods asked for and goes by old data
# while new data is missing: without it the alarm would come an hour late. Where nothing at all is left to fill,
# missing data breaches. It rings on a new deployment until the first snapshot.
resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name          = "${var.lambda_name}_silent"
  alarm_description   = "No snapshot stored for ${var.silence_minutes} minutes. The feed has no past: what is missed stays missed."
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
      dimensions  = { FunctionName = var.lambda_name }
      stat        = "Sum"
      period      = 900
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lambda_errors" {
  alarm_name          = "${var.lambda_name}_errors"
  alarm_description   = "A snapshot could not be taken; its bytes and the reason are in quarantine/ where the feed gave any."
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

# Each step has its own time limit, which ends the execution as failed: TimedOut needs no alarm.
resource "aws_cloudwatch_metric_alarm" "machine_failures" {
  for_each = local.machines

  alarm_name          = "${each.value.name}_failed"
  alarm_description   = "An execution of ${each.value.name} failed; its cause stands in the execution."
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
