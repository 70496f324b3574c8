-- Of how many jobs with an SLA it can be told whether the next run misses it.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url, f.sla_status
FROM gold.job_forecast f
JOIN gold.jobs j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
