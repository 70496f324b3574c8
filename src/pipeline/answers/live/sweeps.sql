-- How far the Jobs API of each workspace has been asked.
SELECT s.place, s.workspace_id, s.asked_at, s.ended_until, s.requests, s.problem, s.problems, s.problem_since
FROM ops.sweeps s
ORDER BY s.place
