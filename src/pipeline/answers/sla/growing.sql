-- Jobs that grow towards what their SLA allows, the soonest first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  g.typical_seconds, g.growth_30_days, g.growth_30_days_lower, g.growth_30_days_upper, g.allowed_seconds,
  g.is_over, g.crosses_on, g.crosses_earliest, g.crosses_latest
FROM gold.job_growth g
JOIN gold.jobs j ON j.workspace_id = g.workspace_id AND j.series_key = g.series_key
WHERE g.is_over OR g.crosses_on IS NOT NULL
ORDER BY g.is_over, g.crosses_on ASC NULLS LAST, j.series_key
