-- How each job with an SLA has kept it, over all days that are kept; the worst first. The least margin is
-- that of runs in time, and says nothing where others missed without ever succeeding.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  d.compliance, d.met, d.missed, d.pending, d.missed_without_success,
  CASE WHEN d.missed_without_success > 0 AND d.least_margin_seconds >= 0 THEN NULL ELSE d.least_margin_seconds END
    AS worst_margin_seconds,
  d.first_day, d.last_day
FROM (
  SELECT
    s.workspace_id, s.series_key,
    sum(s.met) AS met, sum(s.missed) AS missed, sum(s.pending) AS pending,
    sum(s.missed_without_success) AS missed_without_success,
    min(s.worst_margin_seconds) AS least_margin_seconds,
    CAST(sum(s.met) AS DOUBLE) / nullif(sum(s.met) + sum(s.missed), 0) AS compliance,
    min(s.run_date) AS first_day, max(s.run_date) AS last_day
  FROM gold.sla_daily s
  GROUP BY s.workspace_id, s.series_key
) d
JOIN gold.jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
ORDER BY d.compliance ASC NULLS LAST, d.missed DESC, j.series_key
