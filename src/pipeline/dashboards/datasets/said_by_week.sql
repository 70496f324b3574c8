-- The last 13 times 7 days to the last day shown: misses that were said, and that came.
SELECT
  w.week_to, sum(w.probability) AS said, sum(w.came) AS came
FROM (
  SELECT
    date_sub(p.last_day, 7 * CAST(floor(datediff(p.last_day, r.open_from) / 7) AS INT)) AS week_to, r.probability,
    CASE WHEN r.outcome = 'came' THEN 1 ELSE 0 END AS came
  FROM receipts r
  JOIN shown_jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
  CROSS JOIN period p
  WHERE r.kind = 'run_miss' AND r.outcome IN ('came', 'did_not_come')
    AND r.open_from BETWEEN date_sub(p.last_day, 90) AND p.last_day
) w
GROUP BY w.week_to
ORDER BY w.week_to
