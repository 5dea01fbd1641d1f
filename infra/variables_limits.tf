# Limits, lifetimes, alarms and encryption.

variable "lambda_reserved_concurrency" {
  description = "Concurrency reserved for the function, which is also its maximum. null: none, because an account with the initial quota of 10 cannot reserve any."
  type        = number
  default     = null

  validation {
    condition     = var.lambda_reserved_concurrency == null ? true : var.lambda_reserved_concurrency >= 1
    error_message = "lambda_reserved_concurrency must be 1 or more, or null: 0 would stop the function."
  }
}

variable "clean_lambda_memory" {
  description = "Memory in MB of the function that cleans (clean_runtime = lambda). 1769 MB have one vCPU; a day took 444 MB."
  type        = number
  default     = 1769

  validation {
    condition     = var.clean_lambda_memory >= 1024 && var.clean_lambda_memory <= 10240 && floor(var.clean_lambda_memory) == var.clean_lambda_memory
    error_message = "clean_lambda_memory must be a whole number between 1024 and 10240."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces the function and the state machines (free at this rate). Off with lab_role_name."
  type        = bool
  default     = true
}

variable "alert_email" {
  description = "E-mail address for alarms and the budget; AWS asks for confirmation first. Empty: alerts go only to the topic."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([^@ ]+@[^@ ]+\\.[^@ ]+)?$", var.alert_email))
    error_message = "alert_email must be an e-mail address, or empty."
  }
}

variable "silence_minutes" {
  description = "The alarm fires if no snapshot was stored for this many minutes."
  type        = number
  default     = 45

  validation {
    condition     = var.silence_minutes >= 30 && var.silence_minutes <= 1440 && var.silence_minutes % 15 == 0
    error_message = "silence_minutes must be a multiple of 15 between 30 and 1440: the alarm counts 15-minute periods, and one of them is empty whenever a snapshot is stored a little later than the one before."
  }
}

variable "monthly_budget_usd" {
  description = "Alert at 80 % of this budget, and if the forecast for the month exceeds it. null: what the modes and the documented host cost, and 40 % more ($30 by default). 0: no budget (labs do not allow one)."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd >= 0
    error_message = "monthly_budget_usd must be 0 or more, or null."
  }
}

variable "bytes_scanned_limit" {
  description = "Athena cancels queries that scan more bytes than this (10 GB cost five cents)."
  type        = number
  default     = 10000000000

  validation {
    condition     = var.bytes_scanned_limit >= 10485760
    error_message = "bytes_scanned_limit must be 10485760 or more, the minimum of Athena."
  }
}

variable "log_retention_days" {
  description = "Retention of logs. A year of logs is less than 1 GB, which costs three cents per month."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, the values that CloudWatch accepts."
  }
}

variable "raw_cold_after_days" {
  description = "Raw snapshots move to Glacier Instant Retrieval after this many days."
  type        = number
  default     = 90

  validation {
    condition     = var.raw_cold_after_days >= 1
    error_message = "raw_cold_after_days must be 1 or more."
  }
}

variable "keep_hours_days" {
  description = "The Dagster host retires hours that the history holds after this many days: it removes their clean files and partitions. null: hours stay, and the host may not."
  type        = number
  default     = null

  validation {
    condition     = var.keep_hours_days == null ? true : var.keep_hours_days >= 35 && var.keep_hours_days <= 3650 && floor(var.keep_hours_days) == var.keep_hours_days
    error_message = "keep_hours_days must be a whole number between 35 and 3650, or null."
  }
}

variable "quarantine_days" {
  description = "Retention of unusable responses."
  type        = number
  default     = 180

  validation {
    condition     = var.quarantine_days >= 1
    error_message = "quarantine_days must be 1 or more."
  }
}

variable "temporary_days" {
  description = "Retention of query results and of Glue's temporary files."
  type        = number
  default     = 7

  validation {
    condition     = var.temporary_days >= 1
    error_message = "temporary_days must be 1 or more."
  }
}

variable "old_version_days" {
  description = "How long overwritten and deleted objects can be restored."
  type        = number
  default     = 14

  validation {
    condition     = var.old_version_days >= 1
    error_message = "old_version_days must be 1 or more."
  }
}

variable "kms_key_arn" {
  description = "A KMS key for the lake and the query results ($1 per month and $0.03 per 10,000 calls). null: SSE-S3."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:…:key/…), not of an alias, or null."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the lake with all its snapshots, which cannot be taken again."
  type        = bool
  default     = false
}

variable "raw_copy_principals" {
  description = "ARNs of roles or users that may write raw/ without If-None-Match, to copy an old bucket. Empty: no exception."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.raw_copy_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/[^*?]+)$", arn))])
    error_message = "raw_copy_principals must be ARNs of IAM roles or users (arn:aws:iam::123456789012:role/admin), without * and ?; for a session, the ARN of its role."
  }
}
