# The schedules of the state machines. They exist in both orchestrator modes and are enabled in one, so that a switch
# changes two resources and creates none.

locals {
  schedules = {
    pipeline  = { name = local.name.schedule, expression = var.schedule_expression }
    daily     = { name = "${local.name.daily}_schedule", expression = var.daily_schedule_expression }
    kpi_views = { name = "${local.name.kpi_views}_schedule", expression = var.views_schedule_expression }
  }
}

resource "aws_scheduler_schedule" "machine" {
  #checkov:skip=CKV_AWS_297:Its payload is a time; EventBridge Scheduler encrypts it with its own key
  for_each = local.schedules

  name                         = each.value.name
  description                  = "Starts ${local.machines[each.key].name} (enabled with orchestrator = step_functions)"
  state                        = var.orchestrator == "step_functions" ? "ENABLED" : "DISABLED"
  schedule_expression          = each.value.expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.machine[each.key].arn
    role_arn = local.role["schedule"]

    # Scheduler inserts the scheduled time, so that a duplicate start has the same key. Not jsonencode, which would
    # escape < and >, which Scheduler does not recognize.
    input = "{\"scheduled_at\": \"<aws.scheduler.scheduled-time>\"}"

    # After that, the next tick is closer than this one.
    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 5
    }
  }
}
