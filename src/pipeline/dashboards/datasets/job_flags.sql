-- What was flagged of the job in the days shown, the latest first.
SELECT
  CAST(a.night_at AS DATE) AS night, a.metric, a.severity, a.ratio, a.started_at, a.run_id,
  CASE WHEN a.run_id <> '' THEN concat(j.url, '/runs/', a.run_id) END AS run_url
FROM run_anomalies a
JOIN shown_job j ON j.workspace_id = a.workspace_id AND j.series_key = a.series_key
CROSS JOIN period p
WHERE CAST(a.night_at AS DATE) BETWEEN p.first_day AND p.last_day
ORDER BY a.night_at DESC, a.p_value, a.metric, a.run_id
