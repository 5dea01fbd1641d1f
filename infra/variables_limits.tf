# Limits, lifetimes, alarms and encryption.

variable "lambda_reserved_concurrency" {
  description = "Instances reserved for (and at most given to) the function; null: none, since an account with the starting quota of 10 cannot reserve."
  type        = number
  default     = null

  validation {
    condition     = var.lambda_reserved_concurrency == null ? true : var.lambda_reserved_concurrency >= 1
    error_message = "lambda_reserved_concurrency must be 1 or more, or null: 0 would stop the function."
  }
}

variable "tracing" {
  description = "X-Ray traces of the function and the state machines (free at this rate). Off with lab_role_name."
  type        = bool
  default     = true
}

variable "alert_email" {
  description = "Who is told of alarms and of the budget; AWS sends a confirmation first. Empty: nobody, the topic alone."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([^@ ]+@[^@ ]+\\.[^@ ]+)?$", var.alert_email))
    error_message = "alert_email must be an e-mail address, or empty."
  }
}

variable "silence_minutes" {
  description = "The dead-man alarm: no snapshot stored for so long."
  type        = number
  default     = 45

  validation {
    condition     = var.silence_minutes >= 15 && var.silence_minutes <= 1440 && var.silence_minutes % 15 == 0
    error_message = "silence_minutes must be a multiple of 15 between 15 and 1440: it is counted in quarters of an hour."
  }
}

variable "monthly_budget_usd" {
  description = "Alert at 80 % of it, and when the month is forecast to pass it. 0: no budget (labs may not make one)."
  type        = number
  default     = 10

  validation {
    condition     = var.monthly_budget_usd >= 0
    error_message = "monthly_budget_usd must be 0 or more."
  }
}

variable "bytes_scanned_limit" {
  description = "Athena cuts a query off that reads more than this (10 GB: five cents)."
  type        = number
  default     = 10000000000

  validation {
    condition     = var.bytes_scanned_limit >= 10485760
    error_message = "bytes_scanned_limit must be 10485760 or more: Athena takes no lower limit."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept. A year of them is less than 1 GB: three cents a month."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731: CloudWatch knows no others."
  }
}

variable "raw_cold_after_days" {
  description = "Raw snapshots move to Glacier Instant Retrieval after this."
  type        = number
  default     = 90

  validation {
    condition     = var.raw_cold_after_days >= 1
    error_message = "raw_cold_after_days must be 1 or more."
  }
}

variable "quarantine_days" {
  description = "How long unusable answers are kept."
  type        = number
  default     = 180

  validation {
    condition     = var.quarantine_days >= 1
    error_message = "quarantine_days must be 1 or more."
  }
}

variable "temporary_days" {
  description = "How long query results and Glue's temporary files are kept."
  type        = number
  default     = 7

  validation {
    condition     = var.temporary_days >= 1
    error_message = "temporary_days must be 1 or more."
  }
}

variable "old_version_days" {
  description = "How long an overwritten or deleted object can be brought back."
  type        = number
  default     = 14

  validation {
    condition     = var.old_version_days >= 1
    error_message = "old_version_days must be 1 or more."
  }
}

variable "kms_key_arn" {
  description = "A key of your own for the lake and the query results ($1 a month and $0.03 per 10,000 calls). null: SSE-S3."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:…:key/…), not of an alias, or null."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the lake with all its snapshots. A snapshot that is gone cannot be taken again."
  type        = bool
  default     = false
}
