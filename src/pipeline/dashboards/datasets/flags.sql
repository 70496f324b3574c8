-- What was flagged in the nights shown, job by job and metric by metric, the last night and its rarest first.
SELECT
  CAST(a.night_at AS DATE) AS night, j.name, j.team, j.owner, j.tier, a.metric, a.direction, a.severity,
  a.ratio, a.p_value,
  CASE WHEN a.is_alertable THEN 'yes' ELSE 'no' END AS is_alertable,
  CASE WHEN a.confidence = 'low' THEN concat('low: ', a.confidence_reason) ELSE a.confidence END AS confidence,
  a.started_at, a.run_id,
  CASE WHEN a.run_id <> '' THEN concat(j.url, '/runs/', a.run_id) END AS run_url, a.series_key, j.url
FROM run_anomalies a
JOIN shown_jobs j ON j.workspace_id = a.workspace_id AND j.series_key = a.series_key
CROSS JOIN period p
WHERE CAST(a.night_at AS DATE) BETWEEN p.first_day AND p.last_day
ORDER BY a.night_at DESC, a.p_value, a.series_key, a.metric, a.run_id, a.attempt
