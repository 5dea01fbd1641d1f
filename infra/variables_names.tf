# The names of the resources. Change them for a second copy of the stack in the same account. Those that are null begin
# with the key of the network, so that the stacks of two networks need no other names.

locals {
  name = {
    lambda         = coalesce(var.lambda_name, "${var.network}_ingest_lambda")
    clean          = coalesce(var.clean_lambda_name, "${var.network}_clean_lambda")
    schedule       = coalesce(var.schedule_name, "${var.network}_pipeline_schedule")
    pipeline       = coalesce(var.pipeline_name, "${var.network}_pipeline")
    daily          = coalesce(var.daily_name, "${var.network}_daily")
    kpi_views      = coalesce(var.kpi_views_name, "${var.network}_kpi_views")
    database       = coalesce(var.database_name, "${var.network}_db_tf")
    job            = coalesce(var.glue_job_name, "${var.network}_clean_job")
    crawler        = coalesce(var.crawler_name, "${var.network}_clean_crawler")
    workgroup      = coalesce(var.workgroup_name, "${var.network}_workgroup")
    topic          = coalesce(var.topic_name, "${var.network}_alerts")
    dagster_policy = coalesce(var.dagster_policy_name, "${var.network}_dagster_host")
  }
}

variable "region" {
  description = "AWS region of the stack."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the code of an AWS region, such as us-east-1 or eu-west-3."
  }
}

variable "tags" {
  description = "Tags of all resources. The monthly budget counts resources with this `project`."
  type        = map(string)
  default = {
    project = "velib-insights"
    owner   = "team-naw-seu"
    course  = "data-pipeline-episen"
  }

  validation {
    condition     = try(length(var.tags["project"]) > 0, false)
    error_message = "tags must have a `project`, by which the budget finds the costs of the stack."
  }
}

variable "bucket_name" {
  description = "The bucket of the lake. Bucket names are unique in all of AWS, so choose your own. (The first version's was velib-insights-naw-seu-2326.)"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be 3 to 63 lower-case letters, digits and hyphens (a dot would break TLS), not beginning or ending with a hyphen."
  }
}

variable "lambda_name" {
  description = "The function that takes a snapshot."
  type        = string
  default     = null

  validation {
    condition     = var.lambda_name == null || can(regex("^[A-Za-z0-9_-]{1,59}$", var.lambda_name))
    error_message = "lambda_name must be 1 to 59 letters, digits, _ or - (its role adds five to it)."
  }
}

variable "clean_lambda_name" {
  description = "The function that cleans, with clean_runtime = lambda."
  type        = string
  default     = null

  validation {
    condition     = var.clean_lambda_name == null || can(regex("^[A-Za-z0-9_-]{1,59}$", var.clean_lambda_name))
    error_message = "clean_lambda_name must be 1 to 59 letters, digits, _ or - (its role adds five to it)."
  }
}

variable "schedule_name" {
  description = "The 15-minute schedule. The two daily schedules have the names of their state machines."
  type        = string
  default     = null

  validation {
    condition     = var.schedule_name == null || can(regex("^[A-Za-z0-9_-]{1,59}$", var.schedule_name))
    error_message = "schedule_name must be 1 to 59 letters, digits, _ or - (its role adds five to it)."
  }
}

variable "pipeline_name" {
  description = "The state machine of a tick."
  type        = string
  default     = null

  validation {
    condition     = var.pipeline_name == null || can(regex("^[A-Za-z0-9_-]{1,59}$", var.pipeline_name))
    error_message = "pipeline_name must be 1 to 59 letters, digits, _ or - (its role adds five to it)."
  }
}

variable "daily_name" {
  description = "The state machine of the daily layer: closed days and months in history/."
  type        = string
  default     = null

  validation {
    condition     = var.daily_name == null || can(regex("^[A-Za-z0-9_-]{1,55}$", var.daily_name))
    error_message = "daily_name must be 1 to 55 letters, digits, _ or - (its schedule adds nine to it)."
  }
}

variable "kpi_views_name" {
  description = "The state machine that writes the views."
  type        = string
  default     = null

  validation {
    condition     = var.kpi_views_name == null || can(regex("^[A-Za-z0-9_-]{1,55}$", var.kpi_views_name))
    error_message = "kpi_views_name must be 1 to 55 letters, digits, _ or - (its schedule adds nine to it)."
  }
}

variable "database_name" {
  description = "The Glue database of the table and the views."
  type        = string
  default     = null

  validation {
    condition     = var.database_name == null || can(regex("^[a-z][a-z0-9_]{0,127}$", var.database_name))
    error_message = "database_name must be lower-case letters, digits and _, beginning with a letter: Athena requires quotes for anything else."
  }
}

variable "glue_job_name" {
  description = "The job that cleans raw snapshots into Parquet."
  type        = string
  default     = null

  validation {
    condition     = var.glue_job_name == null || can(regex("^[A-Za-z0-9_-]{1,59}$", var.glue_job_name))
    error_message = "glue_job_name must be 1 to 59 letters, digits, _ or - (its role adds five to it)."
  }
}

variable "crawler_name" {
  description = "The crawler over clean/."
  type        = string
  default     = null

  validation {
    condition     = var.crawler_name == null || can(regex("^[A-Za-z0-9_-]{1,59}$", var.crawler_name))
    error_message = "crawler_name must be 1 to 59 letters, digits, _ or - (its role adds five to it)."
  }
}

variable "workgroup_name" {
  description = "The Athena workgroup of all queries."
  type        = string
  default     = null

  validation {
    condition     = var.workgroup_name == null || can(regex("^[A-Za-z0-9._-]{1,128}$", var.workgroup_name))
    error_message = "workgroup_name must be 1 to 128 letters, digits, ., _ or -."
  }
}

variable "topic_name" {
  description = "The SNS topic of all alerts."
  type        = string
  default     = null

  validation {
    condition     = var.topic_name == null || can(regex("^[A-Za-z0-9_-]{1,256}$", var.topic_name))
    error_message = "topic_name must be 1 to 256 letters, digits, _ or -."
  }
}

variable "dagster_policy_name" {
  description = "The managed policy of the Dagster host."
  type        = string
  default     = null

  validation {
    condition     = var.dagster_policy_name == null || can(regex("^[A-Za-z0-9_-]{1,128}$", var.dagster_policy_name))
    error_message = "dagster_policy_name must be 1 to 128 letters, digits, _ or -."
  }
}
