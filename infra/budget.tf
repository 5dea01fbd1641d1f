# The monthly budget for resources with the project tag. AWS counts costs by tag only after the tag is activated:
# Billing console, Cost allocation tags, `project`, a day after the first deployment. Until then the budget is empty.

locals {
  # What `velib cost` prints for a year's last month, rounded up, by mode. The host is a t4g.small with its disk and
  # address: it has the project tag too.
  expected_usd = sum([
    3,
    var.orchestrator == "dagster" ? 18 : 0,
    var.catalog_mode == "api" ? 0 : var.orchestrator == "dagster" ? 109 : 434,
    local.spark ? 42 : 0,
    var.kms_key_arn == null ? 0 : 2,
  ])

  # 80 % of it, at which it alerts, must be more than an ordinary month.
  budget_usd = coalesce(var.monthly_budget_usd, 5 * ceil(1.4 * local.expected_usd / 5))
}

resource "aws_budgets_budget" "monthly" {
  count = local.budget_usd > 0 ? 1 : 0

  name         = "${local.tags["project"]}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = format("%.2f", local.budget_usd)
  limit_unit   = "USD"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:project$%s", local.tags["project"])]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alerts.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.alerts] # Budgets tries the topic when it is created
}
