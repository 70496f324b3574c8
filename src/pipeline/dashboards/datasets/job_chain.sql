-- The place of the job shown in its chain.
SELECT
  c.upstream_jobs, c.downstream_jobs, c.downstream_slas, c.downstream_owners,
  c.expected_start_at, c.latest_start_at, c.latest_end_at, c.slack_seconds / 60 AS slack_minutes,
  c.deadline_at, coalesce(d.name, c.deadline_series_key) AS deadline_job,
  array_join(c.critical_path, ' -> ') AS critical_path,
  CASE
    WHEN c.cycle IS NOT NULL THEN concat('in a cycle with ', array_join(c.cycle, ', '))
    ELSE c.reason
  END AS problem
FROM job_chains c
JOIN shown_job j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
LEFT JOIN jobs d ON d.series_key = c.deadline_series_key
