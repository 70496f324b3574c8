-- Runs that the Jobs API has shown, that ended before `:until`, and of which the system tables have told since; and all that ended before `:oldest`, or were last seen then.
SELECT l.workspace_id, l.run_id
FROM ops.live_runs l
LEFT JOIN gold.run_history h ON h.workspace_id = l.workspace_id AND h.run_id = l.run_id AND h.ended_at IS NOT NULL
WHERE coalesce(l.ended_at, l.seen_at) < CAST(:oldest AS TIMESTAMP) OR (l.ended_at < CAST(:until AS TIMESTAMP) AND h.run_id IS NOT NULL)
