-- What was changed of the job before a run of the days shown that was flagged or took to another level, the latest first.
SELECT
  c.changed_at, c.aspect, c.task_key, c.before, c.after, c.affected_since, c.runs_between, c.run_id,
  concat(j.url, '/runs/', c.run_id) AS run_url
FROM job_changes c
JOIN shown_job j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
CROSS JOIN period p
WHERE CAST(c.started_at AS DATE) BETWEEN p.first_day AND p.last_day AND c.aspect <> 'none_known'
ORDER BY c.started_at DESC, c.run_id, c.place
