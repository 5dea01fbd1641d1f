# The state machines. They exist in both orchestrator modes and can be started by hand.
#
# Their type is STANDARD, as EXPRESS has no `.sync` and ends after five minutes. Each state transition is billed
# ($0.025 per 1,000 after 4,000 free ones per month). A tick takes 5 of them, or about 15 with the crawler: $0.26 or
# $1 per month.

locals {
  # What the Glue job or the function does in the two machines. The crawler registers hours, but not history.
  work = {
    clean = {
      argument      = "hours"
      register_flag = var.catalog_mode == "api" ? "true" : "tables"
      next          = "\"Next\": \"WhoKeepsTheCatalog\""
    }
    history = { argument = "history", register_flag = "true", next = "\"End\": true" }
  }

  work_state = { for name, work in local.work :
    name => templatefile("${path.module}/step_functions/${local.clean_function ? "work_lambda" : "work_glue"}.asl.json", merge(work, {
      partition   = local.partition
      job_name    = aws_glue_job.clean.name
      clean_arn   = local.clean_function ? aws_lambda_function.clean[0].arn : ""
      job_seconds = local.clean_function ? local.clean_seconds + 60 : (var.glue_timeout_minutes + 10) * 60
    }))
  }

  machines = {
    pipeline = {
      name = local.name.pipeline
      definition = templatefile("${path.module}/step_functions/velib_pipeline.asl.json", {
        partition    = local.partition
        lambda_arn   = aws_lambda_function.ingest.arn
        clean_state  = local.work_state.clean
        crawler_name = aws_glue_crawler.clean.name
        catalog_mode = var.catalog_mode
      })
    }
    daily = {
      name = local.name.daily
      definition = templatefile("${path.module}/step_functions/velib_daily.asl.json", {
        history_state = local.work_state.history
      })
    }
    kpi_views = {
      name = local.name.kpi_views
      definition = templatefile("${path.module}/step_functions/velib_kpi_views.asl.json", {
        partition = local.partition
        workgroup = aws_athena_workgroup.velib.name
        table     = "source_${var.network}"
        views     = jsonencode(local.views)
      })
    }
  }
}

# The prefix /aws/vendedlogs/ keeps log delivery out of the account's resource policy, whose size is limited.
resource "aws_cloudwatch_log_group" "machine" {
  #checkov:skip=CKV_AWS_158:Logs hold counts and keys of public data; CloudWatch encrypts them with its own key
  for_each = toset([local.name.pipeline, local.name.daily, local.name.kpi_views])

  name              = "/aws/vendedlogs/states/${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_sfn_state_machine" "machine" {
  for_each = local.machines

  name       = each.value.name
  type       = "STANDARD"
  role_arn   = local.role[each.key]
  definition = each.value.definition

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.machine[each.value.name].arn}:*"
  }

  tracing_configuration {
    enabled = local.tracing
  }

  depends_on = [aws_iam_role_policy.service]
}
