-- How the runs of the job kept its SLA on each of the days shown.
SELECT d.run_date, d.outcome, d.runs
FROM (
  SELECT s.run_date, stack(3, 'met', s.met, 'missed', s.missed, 'pending', s.pending) AS (outcome, runs)
  FROM sla_daily s
  JOIN shown_job j ON j.workspace_id = s.workspace_id AND j.series_key = s.series_key
  CROSS JOIN period p
  WHERE s.run_date BETWEEN p.first_day AND p.last_day
) d
WHERE d.runs > 0
ORDER BY d.run_date, d.outcome
