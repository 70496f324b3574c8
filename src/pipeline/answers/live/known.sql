-- Runs that the Jobs API has shown since `:since`, and those that the last night knew in progress and of which it has not spoken yet.
SELECT l.workspace_id, l.series_key, l.run_id, l.started_at, l.attempt, l.attempt_started_at, l.ended_at
FROM ops.live_runs l
WHERE l.seen_at >= CAST(:since AS TIMESTAMP) OR l.ended_at IS NULL
UNION ALL
SELECT i.workspace_id, i.series_key, i.run_id, i.started_at, i.attempt, i.attempt_started_at, CAST(NULL AS TIMESTAMP) AS ended_at
FROM gold.in_flight i
LEFT JOIN ops.live_runs k ON k.workspace_id = i.workspace_id AND k.run_id = i.run_id
WHERE k.run_id IS NULL AND i.seen_until >= CAST(:since AS TIMESTAMP)
