-- Every job with who it belongs to, the most recently run first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  j.series_basis, j.job_id, j.workspace_name, j.sla_kind, j.sla_source, j.runs, j.first_run_date, j.last_run_date
FROM gold.jobs j
ORDER BY j.last_run_date DESC NULLS LAST, j.runs DESC, j.series_key
