# One role per service, or the lab's role for all. iam_lake.tf has the permissions on the lake; iam_services.tf,
# iam_step_functions.tf and iam_dagster.tf have the others.

locals {
  own_roles = var.lab_role_name == ""
  lab_role  = "arn:${local.partition}:iam::${local.account}:role/${var.lab_role_name}"

  # A lab's role may lack X-Ray permissions, without which Lambda refuses a traced function.
  tracing = var.tracing && local.own_roles

  services = merge(local.clean_function ? {
    clean = { name = local.name.clean, principal = "lambda.amazonaws.com" }
    } : {}, {
    lambda    = { name = local.name.lambda, principal = "lambda.amazonaws.com" }
    job       = { name = local.name.job, principal = "glue.amazonaws.com" }
    crawler   = { name = local.name.crawler, principal = "glue.amazonaws.com" }
    pipeline  = { name = local.name.pipeline, principal = "states.amazonaws.com" }
    daily     = { name = local.name.daily, principal = "states.amazonaws.com" }
    kpi_views = { name = local.name.kpi_views, principal = "states.amazonaws.com" }
    schedule  = { name = local.name.schedule, principal = "scheduler.amazonaws.com" }
  })

  policies = merge(local.clean_function ? { clean = data.aws_iam_policy_document.clean.json } : {}, {
    lambda    = data.aws_iam_policy_document.lambda.json
    job       = data.aws_iam_policy_document.job.json
    crawler   = data.aws_iam_policy_document.crawler.json
    pipeline  = data.aws_iam_policy_document.pipeline.json
    daily     = data.aws_iam_policy_document.daily.json
    kpi_views = data.aws_iam_policy_document.kpi_views.json
    schedule  = data.aws_iam_policy_document.schedule.json
  })

  role = { for key, service in local.services :
    key => local.own_roles ? aws_iam_role.service[key].arn : local.lab_role
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value.principal]
    }

    # Prevents the confused deputy problem. Lambda and Glue need no such condition: a role can only be passed to a
    # function or a job of the same account.
    dynamic "condition" {
      for_each = contains(["lambda.amazonaws.com", "glue.amazonaws.com"], each.value.principal) ? [] : [local.account]

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "service" {
  for_each = local.own_roles ? local.services : {}

  name               = "${each.value.name}_role"
  description        = "The permissions of ${each.value.name}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy" "service" {
  for_each = local.own_roles ? local.policies : {}

  name   = each.key
  role   = aws_iam_role.service[each.key].name
  policy = each.value
}
