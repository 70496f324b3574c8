-- The tasks of the runs of a job between two times, in the order in which they began.
SELECT t.run_id, t.task_key, t.started_at, t.ended_at, t.duration_seconds, t.setup_seconds, t.status
FROM silver.task_runs t
JOIN silver.runs r ON r.workspace_id = t.workspace_id AND r.run_id = t.run_id
WHERE r.series_key = :series_key
  AND r.started_at >= CAST(:since AS TIMESTAMP)
  AND r.started_at <= CAST(:started_at AS TIMESTAMP)
ORDER BY t.started_at, t.task_run_id
