# The modes of the stack, the feed and the schedules. variables_names.tf has names, variables_limits.tf limits.

variable "orchestrator" {
  description = "What starts the ticks: `dagster` (the schedule in AWS is disabled) or `step_functions` (it is enabled)."
  type        = string
  default     = "dagster"

  validation {
    condition     = contains(["dagster", "step_functions"], var.orchestrator)
    error_message = "orchestrator must be dagster or step_functions."
  }
}

variable "catalog_mode" {
  description = "What registers the table and its partitions: `api` (the pipeline; free) or `crawler` (from $211 per month at 15 minutes)."
  type        = string
  default     = "api"

  validation {
    condition     = contains(["api", "crawler"], var.catalog_mode)
    error_message = "catalog_mode must be api or crawler."
  }
}

variable "clean_runtime" {
  description = "What cleans: `glue_shell` (a Glue job with 1/16 DPU, enough for ticks), `lambda` (a function, the same code on a newer Python) or `glueetl` (the Glue job on Spark, to rebuild months or years)."
  type        = string
  default     = "glue_shell"

  validation {
    condition     = contains(["glue_shell", "lambda", "glueetl"], var.clean_runtime)
    error_message = "clean_runtime must be glue_shell, lambda or glueetl."
  }
}

variable "glue_job_type" {
  description = "The former name of clean_runtime: `pythonshell` is glue_shell. null: clean_runtime counts."
  type        = string
  default     = null

  validation {
    condition     = var.glue_job_type == null ? true : contains(["pythonshell", "glueetl"], var.glue_job_type)
    error_message = "glue_job_type must be pythonshell or glueetl. It is the former name of clean_runtime: set that instead."
  }

  validation {
    condition     = var.glue_job_type == null || contains(["glue_shell", var.glue_job_type], var.clean_runtime)
    error_message = "clean_runtime and glue_job_type contradict each other. Remove glue_job_type, the former name of clean_runtime."
  }
}

variable "glue_workers" {
  description = "Maximum number of G.1X workers of a glueetl run; smaller runs use fewer."
  type        = number
  default     = 4

  validation {
    condition     = var.glue_workers >= 2 && floor(var.glue_workers) == var.glue_workers
    error_message = "glue_workers must be a whole number, 2 or more: Spark needs a driver and an executor."
  }
}

variable "glue_timeout_minutes" {
  description = "Timeout of a Glue run."
  type        = number
  default     = 120

  validation {
    condition     = var.glue_timeout_minutes >= 1 && var.glue_timeout_minutes <= 2880
    error_message = "glue_timeout_minutes must be between 1 and 2880 (two days)."
  }
}

variable "manage_glue_log_groups" {
  description = "Whether this stack manages the log groups that all Glue jobs of the account share (retention, deletion). Set true only if Glue has never run in the account."
  type        = bool
  default     = false
}

variable "lab_role_name" {
  description = "The role of all services in a lab that does not allow creating roles (AWS Academy: LabRole). Empty: one role per service."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{0,64}$", var.lab_role_name))
    error_message = "lab_role_name must be the name of a role (LabRole), not its ARN."
  }
}

variable "feed" {
  description = "The source of snapshots: `opendata` (the city's portal) or `gbfs` (the operator)."
  type        = string
  default     = "opendata"

  validation {
    condition     = contains(["opendata", "gbfs"], var.feed)
    error_message = "feed must be opendata or gbfs: the function supports no archive and no simulator."
  }
}

variable "opendata_url" {
  description = "Base URL of the opendata feed. Empty: the public host."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(https?://[^ ]+)?$", var.opendata_url))
    error_message = "opendata_url must begin with http:// or https://, or be empty."
  }
}

variable "gbfs_url" {
  description = "The URL of the gbfs.json of the network; for Vélib' also a base URL. Terraform shows it nowhere, because it may hold a key. Empty: the public host of Vélib'."
  type        = string
  sensitive   = true
  default     = ""

  validation {
    condition     = can(regex("^(https?://[^ ]+)?$", var.gbfs_url))
    error_message = "gbfs_url must begin with http:// or https://, or be empty."
  }
}

variable "schedule_expression" {
  description = "When snapshots are taken (UTC). Use a cron expression: a rate counts from the apply, and a tick scheduled late in its slot arrives in the next one and is refused."
  type        = string
  default     = "cron(0/15 * * * ? *)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule_expression))
    error_message = "schedule_expression must be a cron or rate expression, such as cron(0/15 * * * ? *)."
  }
}

variable "views_schedule_expression" {
  description = "When the views are replaced (UTC): kpi_top10_2hour contains a date and reads all days since then."
  type        = string
  default     = "cron(20 0 * * ? *)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.views_schedule_expression))
    error_message = "views_schedule_expression must be a cron or rate expression, such as cron(20 0 * * ? *)."
  }
}

variable "daily_schedule_expression" {
  description = "When closed days and months are stored in history/ (UTC)."
  type        = string
  default     = "cron(0 3 * * ? *)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.daily_schedule_expression))
    error_message = "daily_schedule_expression must be a cron or rate expression, such as cron(0 3 * * ? *)."
  }
}

variable "artefacts_dir" {
  description = "The folder in which `make package` wrote the function, the job and its wheels."
  type        = string
  default     = "../build"
}
