# The database, the job and the crawler. The pipeline creates the tables and adds a partition per hour.

locals {
  clean_runtime = var.glue_job_type == null ? var.clean_runtime : { pythonshell = "glue_shell", glueetl = "glueetl" }[var.glue_job_type]

  # With the function, the job stays a Python shell and is not started.
  spark    = local.clean_runtime == "glueetl"
  job_type = local.spark ? "glueetl" : "pythonshell"
  script   = "velib_clean_job.py"

  # The library, and all that it needs for either Python: a run takes nothing from a public index.
  wheels_dir = "${var.artefacts_dir}/wheels"
  wheels     = fileset(local.wheels_dir, "*.whl")
  wheel_tags = local.spark ? "-none-any|-cp311-" : "-none-any|-cp39-"
  wheel_urls = join(",", [
    for name, wheel in aws_s3_object.wheel : "${local.lake}/${wheel.key}" if can(regex(local.wheel_tags, name))
  ])

  # The log groups of the Python shell, Spark and crawlers, which all jobs of an account share. They exist in every
  # mode, so that a change of mode deletes no logs.
  glue_log_groups = toset(var.manage_glue_log_groups ? [
    "/aws-glue/python-jobs/output", "/aws-glue/python-jobs/error",
    "/aws-glue/jobs/output", "/aws-glue/jobs/error", "/aws-glue/crawlers",
  ] : [])

  # In api mode the crawler only audits: it writes the inferred table beside the pipeline's, under another name. (If
  # a table of the same name exists that the crawler did not create, it creates one with a hash in its name. So drop
  # source_velib, which deletes no data, before changing catalog_mode on a lake in use.)
  crawler_prefix = var.catalog_mode == "crawler" ? "" : "audit_"
  crawler_table  = "${local.crawler_prefix}source_${var.network}"
}

resource "aws_glue_catalog_database" "velib" {
  name        = local.name.database
  description = "Velib Insights: source_${var.network}, stations, rejects_${var.network} and the views"
}

resource "aws_cloudwatch_log_group" "glue" {
  #checkov:skip=CKV_AWS_158:Logs hold counts and keys of public data; CloudWatch encrypts them with its own key
  for_each = local.glue_log_groups

  name              = each.key
  retention_in_days = var.log_retention_days
}

resource "aws_s3_object" "script" {
  bucket      = aws_s3_bucket.lake.id
  key         = "glue/scripts/${local.script}"
  source      = "${var.artefacts_dir}/${local.script}"
  source_hash = filemd5("${var.artefacts_dir}/${local.script}")

  lifecycle {
    precondition {
      condition     = fileexists("${var.artefacts_dir}/${local.script}")
      error_message = "${var.artefacts_dir}/${local.script} is missing: run `make package` in the checkout first (or set artefacts_dir)."
    }
  }

  depends_on = [aws_s3_bucket_versioning.lake, aws_s3_bucket_server_side_encryption_configuration.lake]
}

resource "aws_s3_object" "wheel" {
  for_each = local.wheels

  bucket      = aws_s3_bucket.lake.id
  key         = "glue/wheels/${each.key}"
  source      = "${local.wheels_dir}/${each.key}"
  source_hash = filemd5("${local.wheels_dir}/${each.key}")

  depends_on = [aws_s3_bucket_versioning.lake, aws_s3_bucket_server_side_encryption_configuration.lake]
}

# A job cannot be changed back to the Python shell in place: the provider would keep its workers.
resource "terraform_data" "glue_job_type" {
  input = local.job_type
}

resource "aws_glue_job" "clean" {
  #checkov:skip=CKV_AWS_195:A security configuration needs a customer key; the bucket encrypts the job's outputs, and its logs hold no data
  name         = local.name.job
  description  = "Cleans raw snapshots into one Parquet file per hour"
  role_arn     = local.role["job"]
  glue_version = local.spark ? "5.0" : "3.0" # Python shell 3.9 is "3.0"
  timeout      = var.glue_timeout_minutes
  max_retries  = 0 # whoever started it decides; the next run heals

  max_capacity      = local.spark ? null : 0.0625
  worker_type       = local.spark ? "G.1X" : null
  number_of_workers = local.spark ? var.glue_workers : null

  command {
    name            = local.job_type
    python_version  = local.spark ? "3" : "3.9"
    script_location = "${local.lake}/${aws_s3_object.script.key}"
  }

  default_arguments = merge(
    {
      "--job-language" = "python"
      "--TempDir"      = "${local.lake}/glue/tmp/"
      "--bucket"       = aws_s3_bucket.lake.bucket
      "--account"      = local.account
      "--region"       = var.region
      "--database"     = aws_glue_catalog_database.velib.name
      "--register"     = "false" # Dagster registers; the state machine asks for it
      "--hours"        = "newest"
    },
    local.is_velib ? {} : { "--network" = var.network },
    local.spark ? {
      "--engine"                          = "spark"
      "--enable-auto-scaling"             = "true"
      "--additional-python-modules"       = local.wheel_urls
      "--python-modules-installer-option" = "--no-index"
      } : {
      "--engine"         = "shell"
      "--extra-py-files" = local.wheel_urls # --additional-python-modules takes no address in S3 here
      "library-set"      = "none"           # no pandas and awswrangler in 1 GB of memory
    },
  )

  execution_property {
    max_concurrent_runs = 3 # a tick, a backfill and one to spare
  }

  lifecycle {
    replace_triggered_by = [terraform_data.glue_job_type]

    precondition {
      condition     = length(local.wheels) > 0
      error_message = "${local.wheels_dir} has no wheels: run `make package` in the checkout first (or set artefacts_dir)."
    }
  }

  depends_on = [aws_iam_role_policy.service, aws_cloudwatch_log_group.glue]
}

# No schedule: the state machine starts it (catalog_mode = "crawler"), or `velib audit`.
resource "aws_glue_crawler" "clean" {
  #checkov:skip=CKV_AWS_195:A security configuration needs a customer key; the crawler writes only to the catalog and its log
  name          = local.name.crawler
  description   = "Infers ${local.crawler_table} from clean/"
  role          = local.role["crawler"]
  database_name = aws_glue_catalog_database.velib.name
  table_prefix  = local.crawler_prefix

  # The last folder names the table: source=velib becomes source_velib, and date= and hour= its partition keys.
  s3_target {
    path = "${local.lake}/clean/source=${var.network}/"
  }

  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "LOG" # Athena reads an hour that is gone as empty
  }

  # Level 3 is bucket/clean/source=velib: one table for all files below it, and partitions with the table's schema.
  configuration = jsonencode({
    Version  = 1.0
    Grouping = { TableGroupingPolicy = "CombineCompatibleSchemas", TableLevelConfiguration = 3 }
    CrawlerOutput = {
      Partitions = { AddOrUpdateBehavior = "InheritFromTable" }
    }
  })

  depends_on = [aws_iam_role_policy.service, aws_cloudwatch_log_group.glue]
}
