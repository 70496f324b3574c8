-- Workspaces whose Jobs API has not told all that it was asked for, three times in a row or more.
SELECT
  concat('jobs_api.runs of ', coalesce(s.workspace_id, nullif(s.place, ''), 'this workspace')) AS source_table,
  s.problem_since AS began_at, s.asked_at AS seen_at, s.problems AS times, s.problem, s.asked_at AS live_at
FROM ops.sweeps s
WHERE s.problems >= 3
ORDER BY source_table
