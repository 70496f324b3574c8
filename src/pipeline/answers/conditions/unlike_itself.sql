-- Jobs that the last night flagged for anything else than a strangely short run, each with what is strangest.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  s.night_at AS began_at, s.night_at AS seen_at, s.run_id, s.metric, s.direction, s.severity, s.value, s.center,
  s.ratio, s.times
FROM (
  SELECT
    a.workspace_id, a.series_key, a.night_at, nullif(a.run_id, '') AS run_id, a.metric, a.direction, a.severity, a.value,
    a.center, a.ratio, count(*) OVER (PARTITION BY a.workspace_id, a.series_key) AS times,
    row_number() OVER (
      PARTITION BY a.workspace_id, a.series_key ORDER BY a.p_value, a.metric, a.run_id, a.attempt
    ) AS place
  FROM gold.run_anomalies a
  JOIN (SELECT max(m.night_at) AS night_at FROM gold.job_nights m) l ON l.night_at = a.night_at
  WHERE a.is_alertable AND NOT (a.metric = 'duration_seconds' AND a.direction = 'short')
) s
JOIN gold.jobs j ON j.workspace_id = s.workspace_id AND j.series_key = s.series_key
WHERE s.place = 1
ORDER BY j.series_key
