-- How long the latest runs of the job took, at most 5,000 of the days shown, beside what was usual before them; and how
-- long those to come will take.
SELECT
  b.started_at, b.minutes, b.usual_low, b.usual_high, b.forecast, b.forecast_high
FROM (
  SELECT
    r.started_at, r.first_success_seconds / 60 AS minutes, u.usual_low, u.usual_high,
    CAST(NULL AS DOUBLE) AS forecast, CAST(NULL AS DOUBLE) AS forecast_high,
    row_number() OVER (ORDER BY r.started_at DESC, r.run_id) AS place
  FROM run_history r
  JOIN shown_job j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
  LEFT JOIN (
    SELECT
      l.workspace_id, l.run_id, max(l.usual_low_seconds) / 60 AS usual_low, max(l.usual_high_seconds) / 60 AS usual_high
    FROM run_baseline l
    JOIN shown_job j ON j.workspace_id = l.workspace_id AND j.series_key = l.series_key
    GROUP BY l.workspace_id, l.run_id
  ) u ON u.workspace_id = r.workspace_id AND u.run_id = r.run_id
  CROSS JOIN period p
  WHERE r.run_date BETWEEN p.first_day AND p.last_day
  UNION ALL
  SELECT
    f.expected_start_at AS started_at, CAST(NULL AS DOUBLE) AS minutes, CAST(NULL AS DOUBLE) AS usual_low,
    CAST(NULL AS DOUBLE) AS usual_high, f.p50_seconds / 60 AS forecast, f.p95_seconds / 60 AS forecast_high, 0 AS place
  FROM run_forecast f
  JOIN shown_job j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
  WHERE f.status = 'ok' AND f.expected_start_at IS NOT NULL
) b
WHERE b.place <= 5000
ORDER BY b.started_at
