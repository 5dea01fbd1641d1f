# Terraform, its one provider, and the data of the account.

terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The state is a local file by default. For a team, write backend_override.tf (which git ignores):
  #   terraform {
  #     backend "s3" {
  #       bucket       = "a bucket of your own, versioned, not the lake"
  #       key          = "velib-insights/terraform.tfstate"
  #       region       = "us-east-1"
  #       encrypt      = true
  #       use_lockfile = true # Terraform 1.10 or later; needs no DynamoDB table
  #     }
  #   }
  # and run `terraform init -migrate-state`.
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  # ARNs are built from names instead of read from resources, so that policies are known during planning and can
  # exist before the service that uses them (Step Functions checks its log group when it is created).
  regional = "${var.region}:${local.account}"
  arn = {
    bucket    = "arn:${local.partition}:s3:::${var.bucket_name}"
    lambda    = "arn:${local.partition}:lambda:${local.regional}:function:${local.name.lambda}"
    clean     = "arn:${local.partition}:lambda:${local.regional}:function:${local.name.clean}"
    job       = "arn:${local.partition}:glue:${local.regional}:job/${local.name.job}"
    crawler   = "arn:${local.partition}:glue:${local.regional}:crawler/${local.name.crawler}"
    catalog   = "arn:${local.partition}:glue:${local.regional}:catalog"
    database  = "arn:${local.partition}:glue:${local.regional}:database/${local.name.database}"
    tables    = "arn:${local.partition}:glue:${local.regional}:table/${local.name.database}"
    workgroup = "arn:${local.partition}:athena:${local.regional}:workgroup/${local.name.workgroup}"
    pipeline  = "arn:${local.partition}:states:${local.regional}:stateMachine:${local.name.pipeline}"
    daily     = "arn:${local.partition}:states:${local.regional}:stateMachine:${local.name.daily}"
    kpi_views = "arn:${local.partition}:states:${local.regional}:stateMachine:${local.name.kpi_views}"
    topic     = "arn:${local.partition}:sns:${local.regional}:${local.name.topic}"
    log_group = "arn:${local.partition}:logs:${local.regional}:log-group"
  }
}
