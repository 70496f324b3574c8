-- Every job, with a word where who it belongs to is not known; tiers sort by importance, none last.
SELECT
  j.workspace_id, j.series_key, j.job_id, j.url,
  coalesce(j.name, j.series_key) AS name,
  concat(coalesce(j.name, ''), ' (', j.series_key, ')') AS named_key,
  coalesce(j.workspace_name, j.workspace_id) AS workspace,
  coalesce(j.team, '(none)') AS team,
  coalesce(j.owner, '(none)') AS owner,
  coalesce(CAST(j.tier AS STRING), 'none') AS tier,
  j.state, j.runs, j.is_continuous, j.sla_kind, j.sla_limit_seconds, j.sla_time_of_day, j.sla_timezone, j.sla_source, j.cron
FROM jobs j
