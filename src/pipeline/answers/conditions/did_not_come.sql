-- Jobs of which no run came in the last night though their schedule let expect some, or so few as hardly ever.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  n.night_at AS began_at, n.night_at AS seen_at, n.missing_runs AS times, n.expected_runs,
  h.last_ended_at
FROM gold.job_nights n
JOIN (SELECT max(m.night_at) AS night_at FROM gold.job_nights m) l ON l.night_at = n.night_at
JOIN gold.jobs j ON j.workspace_id = n.workspace_id AND j.series_key = n.series_key
LEFT JOIN gold.job_health h ON h.workspace_id = n.workspace_id AND h.series_key = n.series_key
LEFT JOIN gold.job_forecast f ON f.workspace_id = n.workspace_id AND f.series_key = n.series_key
WHERE n.missing_runs > 0 AND j.state = 'active'
  AND (n.p_missing_runs <= 0.001 OR (n.missing_runs >= n.expected_runs AND f.start_basis IN ('cron', 'periodic')))
ORDER BY j.series_key
