# How the stack behaves: its modes, the feed and the schedules. Names and limits have files of their own.

variable "orchestrator" {
  description = "Who starts the ticks: `dagster` (the schedule exists, disabled) or `step_functions` (it fires)."
  type        = string
  default     = "dagster"

  validation {
    condition     = contains(["dagster", "step_functions"], var.orchestrator)
    error_message = "orchestrator must be dagster or step_functions."
  }
}

variable "catalog_mode" {
  description = "Who registers table and partitions: `api` (the pipeline; free) or `crawler` (from $211 a month at 15 minutes)."
  type        = string
  default     = "api"

  validation {
    condition     = contains(["api", "crawler"], var.catalog_mode)
    error_message = "catalog_mode must be api or crawler."
  }
}

variable "glue_job_type" {
  description = "`pythonshell` (1/16 DPU, enough for ticks) or `glueetl` (Spark, to rebuild months or years)."
  type        = string
  default     = "pythonshell"

  validation {
    condition     = contains(["pythonshell", "glueetl"], var.glue_job_type)
    error_message = "glue_job_type must be pythonshell or glueetl."
  }
}

variable "glue_workers" {
  description = "Most G.1X workers of a glueetl run; it is scaled down where there is less to do."
  type        = number
  default     = 4

  validation {
    condition     = var.glue_workers >= 2 && floor(var.glue_workers) == var.glue_workers
    error_message = "glue_workers must be a whole number, 2 or more: Spark needs a driver and an executor."
  }
}

variable "glue_timeout_minutes" {
  description = "A Glue run that takes longer is stopped."
  type        = number
  default     = 120

  validation {
    condition     = var.glue_timeout_minutes >= 1 && var.glue_timeout_minutes <= 2880
    error_message = "glue_timeout_minutes must lie between 1 and 2880 (two days)."
  }
}

variable "manage_glue_log_groups" {
  description = "Whether the log groups that all Glue jobs of an account share are this stack's (retention, deletion). true only where Glue has never run."
  type        = bool
  default     = false
}

variable "lab_role_name" {
  description = "In a lab where roles cannot be created: the role that every service uses (AWS Academy: LabRole). Empty: one role a service."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{0,64}$", var.lab_role_name))
    error_message = "lab_role_name is the role's name (LabRole), not its ARN."
  }
}

variable "feed" {
  description = "The source of snapshots: `opendata` (the city's portal) or `gbfs` (the operator)."
  type        = string
  default     = "opendata"

  validation {
    condition     = contains(["opendata", "gbfs"], var.feed)
    error_message = "feed must be opendata or gbfs: a function has no archive and does not simulate."
  }
}

variable "opendata_url" {
  description = "Another base URL of the opendata feed; empty: the public host."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(https?://[^ ]+)?$", var.opendata_url))
    error_message = "opendata_url must begin with http:// or https://, or be empty."
  }
}

variable "gbfs_url" {
  description = "Another base URL of the gbfs feed; empty: the public host."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(https?://[^ ]+)?$", var.gbfs_url))
    error_message = "gbfs_url must begin with http:// or https://, or be empty."
  }
}

variable "schedule_expression" {
  description = "When a snapshot is taken (UTC). Not a rate: it counts from the apply, and a tick due late in its slot arrives in the next one, which is refused."
  type        = string
  default     = "cron(0/15 * * * ? *)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule_expression))
    error_message = "schedule_expression must be cron(0/15 * * * ? *), say."
  }
}

variable "views_schedule_expression" {
  description = "How often the views are written anew: kpi_top10_2hour holds a date, and reads all days since then."
  type        = string
  default     = "cron(20 0 * * ? *)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.views_schedule_expression))
    error_message = "views_schedule_expression must be rate(1 day) or cron(20 0 * * ? *), say."
  }
}

variable "artefacts_dir" {
  description = "Where `make package` has put the function, the job and its library."
  type        = string
  default     = "../build"
}
