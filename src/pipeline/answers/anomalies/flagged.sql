-- What the last night flagged, job by job, the rarest first, and in each job the strangest first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  a.night_at, a.run_id, a.attempt, a.metric, a.direction, a.started_at, a.value, a.center, a.usual_low, a.usual_high,
  a.ratio, a.p_value, a.severity, a.confidence, a.confidence_reason, a.is_alertable, a.excess,
  n.p_value AS job_p_value, n.q_value AS job_q_value, n.expected_false_flags
FROM gold.run_anomalies a
JOIN (SELECT max(m.night_at) AS night_at FROM gold.job_nights m) l ON l.night_at = a.night_at
JOIN gold.job_nights n
  ON n.workspace_id = a.workspace_id AND n.series_key = a.series_key AND n.night_at = a.night_at
JOIN gold.jobs j ON j.workspace_id = a.workspace_id AND j.series_key = a.series_key
ORDER BY n.p_value, a.series_key, a.p_value, a.metric, a.run_id, a.attempt
