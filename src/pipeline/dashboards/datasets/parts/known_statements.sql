-- What was said of runs to come in the days shown and in as many before, and is known by now: P(miss), and what came.
SELECT
  r.open_from, r.open_from >= p.first_day AS is_shown, date_sub(p.last_day, 6) <= r.open_from AS is_of_last_week,
  r.probability, CASE WHEN r.outcome = 'came' THEN 1 ELSE 0 END AS came,
  CAST(floor((unix_timestamp(r.expected_start_at) - unix_timestamp(r.night_at)) / 21600) AS INT) AS quarter_days_ahead
FROM receipts r
JOIN shown_jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
CROSS JOIN period p
WHERE r.kind = 'run_miss' AND r.outcome IN ('came', 'did_not_come')
  AND r.open_from BETWEEN p.previous_first_day AND p.last_day
