-- What nights that spoke of these days flagged above the floors of the settings, the rarest first.
SELECT
  a.series_key, coalesce(j.name, a.series_key) AS name, coalesce(j.team, '') AS team, j.owner, j.tier, j.url,
  CAST(a.night_at AS DATE) AS night, a.night_at, a.run_id, a.attempt, a.metric, a.direction, a.severity, a.p_value, a.confidence
FROM gold.run_anomalies a
LEFT JOIN gold.jobs j ON j.workspace_id = a.workspace_id AND j.series_key = a.series_key
WHERE a.is_alertable
  AND CAST(a.night_at AS DATE) BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
ORDER BY a.p_value, a.series_key, a.night_at, a.metric, a.run_id, a.attempt
