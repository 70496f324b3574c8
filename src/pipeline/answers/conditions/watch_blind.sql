-- Workspaces whose Jobs API has not told all that it was asked for, three times in a row or more, or that nobody has asked at `:now` for longer than was usual.
SELECT
  concat('jobs_api.runs of ', coalesce(s.workspace_id, nullif(s.place, ''), 'this workspace')) AS source_table,
  CASE WHEN s.overdue_at < CAST(:now AS TIMESTAMP) THEN s.asked_at ELSE s.problem_since END AS began_at,
  CASE WHEN s.overdue_at < CAST(:now AS TIMESTAMP) THEN CAST(:now AS TIMESTAMP) ELSE s.asked_at END AS seen_at,
  s.problems AS times, s.problem, coalesce(s.overdue_at < CAST(:now AS TIMESTAMP), FALSE) AS has_stopped, s.asked_at AS live_at
FROM ops.sweeps s
WHERE s.problems >= 3 OR s.overdue_at < CAST(:now AS TIMESTAMP)
ORDER BY source_table
