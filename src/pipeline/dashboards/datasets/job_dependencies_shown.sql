-- The jobs next to the one shown in its chain: those before it, then those after it.
SELECT
  e.direction, n.name, e.kind, e.table_name, e.runs, e.runs_share,
  e.ready_seconds / 60 AS ready_minutes, e.wait_seconds / 60 AS wait_minutes,
  c.latest_start_at, c.slack_seconds / 60 AS slack_minutes, e.last_seen_at, n.owner, n.series_key, n.url
FROM (
  SELECT
    'depends on' AS direction, d.upstream_series_key AS series_key,
    CASE d.kind WHEN 'fires' THEN 'fires it' ELSE 'feeds it' END AS kind,
    d.table_name, d.runs, d.runs_share, d.ready_seconds, d.wait_seconds, d.last_seen_at
  FROM job_dependencies d
  JOIN shown_job j ON j.series_key = d.series_key
  WHERE d.is_current
  UNION ALL
  SELECT
    'reaches' AS direction, d.series_key,
    CASE d.kind WHEN 'fires' THEN 'is fired by it' ELSE 'is fed by it' END AS kind,
    d.table_name, d.runs, d.runs_share, d.ready_seconds, d.wait_seconds, d.last_seen_at
  FROM job_dependencies d
  JOIN shown_job j ON j.series_key = d.upstream_series_key
  WHERE d.is_current
) e
JOIN named_jobs n ON n.series_key = e.series_key
LEFT JOIN job_chains c ON c.series_key = e.series_key
ORDER BY e.direction, n.name, e.kind, e.table_name
