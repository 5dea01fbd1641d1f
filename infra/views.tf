# The statements of the views for the state machine, rendered from the same files as in the pipeline.
#
# The machine replaces the dates in @...@ when it runs. They cover the view's hours until the next daily run.

locals {
  sql_dir = "${path.module}/../velib_assets/query/sql"
  conditions = merge(
    jsondecode(file("${local.sql_dir}/conditions.json")),
    var.network == "velib" ? {} : jsondecode(file("${local.sql_dir}/conditions_of_others.json")),
  )

  placeholders = merge(
    # A condition may contain these three, and the state of a station, which no view has, others.
    { for name, sql in local.conditions : name => replace(replace(replace(
      sql, "$${in_operation}", local.conditions.in_operation),
      "$${nearly_full}", local.conditions.nearly_full),
      "$${without_dock}", local.conditions.without_dock,
    ) },
    {
      newest_hours = "\"date\" >= '@yesterday@'"
      newest_day   = "\"date\" >= '@two_days_ago@'"
      four_weeks   = "\"date\" BETWEEN '@four_weeks_ago@' AND '@yesterday@'"
    },
  )

  view_files = concat(
    [for file in sort(fileset(local.sql_dir, "*.sql")) : "${local.sql_dir}/${file}"],
    ["${local.sql_dir}/../station_events.sql"],
  )

  views = [for file in local.view_files : {
    view = trimsuffix(basename(file), ".sql")
    sql = replace(replace(replace(
      trimspace(templatefile(file, local.placeholders)),
      "velib_db_tf.source_velib", "velib_db_tf.source_${var.network}"),
      "'Europe/Paris'", "'${var.network_timezone == "" ? "Europe/Paris" : var.network_timezone}'"),
      "velib_db_tf.", "${local.name.database}.",
    )
  }]
}
