-- What was usual before each of the latest runs of one job, the earliest first.
SELECT b.started_at, b.run_id, b.attempt, b.usual_low_seconds, b.center_seconds, b.usual_high_seconds
FROM gold.run_baseline b
WHERE b.series_key = :series_key AND b.center_seconds IS NOT NULL
ORDER BY b.started_at, b.run_id, b.attempt
