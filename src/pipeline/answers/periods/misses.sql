-- Jobs with runs that missed their SLA, those with most of them first.
SELECT
  m.series_key, coalesce(j.name, m.series_key) AS name, coalesce(j.team, '') AS team, j.owner, j.tier, j.url,
  j.sla_kind, j.sla_limit_seconds, j.sla_time_of_day, j.sla_timezone,
  m.missed, m.decided, m.missed_without_success, m.worst_margin_seconds
FROM (
  SELECT
    d.workspace_id, d.series_key, sum(d.missed) AS missed, sum(d.met + d.missed) AS decided,
    sum(d.missed_without_success) AS missed_without_success, min(d.worst_margin_seconds) AS worst_margin_seconds
  FROM gold.sla_daily d
  WHERE d.run_date BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
  GROUP BY d.workspace_id, d.series_key
) m
LEFT JOIN gold.jobs j ON j.workspace_id = m.workspace_id AND j.series_key = m.series_key
WHERE m.missed > 0
ORDER BY m.missed DESC, m.series_key
