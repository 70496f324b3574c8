-- One row: what the last night tested and flagged, beside the night before, and how much of it chance alone would flag.
SELECT
  coalesce(sum(CASE WHEN n.night_at = l.last_at THEN 1 ELSE 0 END), 0) AS tested,
  coalesce(sum(CASE WHEN n.night_at = l.last_at AND n.is_flagged THEN 1 ELSE 0 END), 0) AS flagged,
  coalesce(sum(CASE WHEN n.night_at = l.previous_at AND n.is_flagged THEN 1 ELSE 0 END), 0) AS previously_flagged,
  max(CASE WHEN n.night_at = l.last_at THEN n.expected_false_flags END) AS expected_false_flags,
  max(a.alertable) AS alertable, max(g.shifts) AS shifts
FROM (
  SELECT max(m.night_at) AS last_at, max(m.night_at) - INTERVAL '1' DAY AS previous_at
  FROM job_nights m
) l
CROSS JOIN (
  SELECT count(DISTINCT f.series_key) AS alertable
  FROM run_anomalies f
  JOIN (SELECT max(m.night_at) AS last_at FROM job_nights m) o ON o.last_at = f.night_at
  JOIN shown_jobs j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
  WHERE f.is_alertable
) a
CROSS JOIN (
  SELECT count(*) AS shifts
  FROM job_regimes r
  JOIN shown_jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
  CROSS JOIN period p
  WHERE CAST(r.from_at AS DATE) BETWEEN p.first_day AND p.last_day
) g
LEFT JOIN (
  SELECT m.night_at, m.is_flagged, m.expected_false_flags
  FROM job_nights m
  JOIN shown_jobs j ON j.workspace_id = m.workspace_id AND j.series_key = m.series_key
) n ON n.night_at = l.last_at OR n.night_at = l.previous_at
