-- The runs of the job in the days shown, the latest first.
SELECT
  r.started_at, lower(r.status) AS status, r.busy_seconds / 60 AS minutes, r.queue_seconds / 60 AS queue_minutes,
  CAST(r.attempts AS BIGINT) AS attempts, lower(r.sla_status) AS sla_status, r.due_at, r.margin_seconds / 60 AS margin_minutes,
  CAST(r.list_cost AS DOUBLE) AS list_cost, r.first_termination_code AS why, r.first_failure_class AS cause,
  r.failed_task_key AS task, r.trigger_type, r.run_id, concat(j.url, '/runs/', r.run_id) AS run_url
FROM run_history r
JOIN shown_job j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
CROSS JOIN period p
WHERE r.run_date BETWEEN p.first_day AND p.last_day
ORDER BY r.started_at DESC, r.run_id
