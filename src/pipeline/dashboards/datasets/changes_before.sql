-- What was changed in a job before a run of the days shown that was flagged or took to another level, best fits first.
SELECT
  c.started_at, j.name, j.team, c.aspect, c.task_key, c.before, c.after, c.changed_at, c.runs_between, c.fit, c.run_id,
  concat(j.url, '/runs/', c.run_id) AS run_url, c.series_key, j.url
FROM job_changes c
JOIN shown_jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
CROSS JOIN period p
WHERE CAST(c.started_at AS DATE) BETWEEN p.first_day AND p.last_day AND c.aspect <> 'none_known'
ORDER BY c.started_at DESC, c.run_id, c.place
