-- One row: the job, how it does now, and its figures of the days shown beside as many before.
SELECT
  j.name, j.workspace, j.team, j.owner, j.tier, j.state,
  CASE
    WHEN j.is_failing THEN concat('failing since ', date_format(j.failing_since, 'yyyy-MM-dd HH:mm'))
    ELSE coalesce(lower(j.last_status), 'no run known')
  END AS last_verdict,
  CASE
    WHEN j.sla_kind = 'limit' THEN concat('within ', format_number(j.sla_limit_seconds / 60, 0), ' min')
    WHEN j.sla_kind = 'deadline' THEN concat('by ', j.sla_time_of_day, ' ', j.sla_timezone)
    ELSE 'none'
  END AS sla,
  j.sla_source, j.cron, f.p_miss, f.next_start_at, f.p50_seconds / 60 AS usual_minutes,
  r.succeeded / nullif(CAST(r.ended AS DOUBLE), 0) AS success_rate,
  r.previous_succeeded / nullif(CAST(r.previous_ended AS DOUBLE), 0) AS previous_success_rate,
  s.met / nullif(CAST(s.decided AS DOUBLE), 0) AS sla_compliance,
  s.previous_met / nullif(CAST(s.previous_decided AS DOUBLE), 0) AS previous_sla_compliance,
  CAST(c.list_cost AS DOUBLE) AS list_cost,
  CASE WHEN c.is_comparable THEN CAST(c.previous_list_cost AS DOUBLE) END AS previous_list_cost,
  j.series_key, j.url
FROM shown_job j
LEFT JOIN job_forecast f ON f.workspace_id = j.workspace_id AND f.series_key = j.series_key
CROSS JOIN (
  SELECT
    sum(CASE WHEN d.run_date >= p.first_day THEN d.succeeded END) AS succeeded,
    sum(CASE WHEN d.run_date < p.first_day THEN d.succeeded END) AS previous_succeeded,
    sum(CASE WHEN d.run_date >= p.first_day THEN d.succeeded + d.failed + d.timed_out END) AS ended,
    sum(CASE WHEN d.run_date < p.first_day THEN d.succeeded + d.failed + d.timed_out END) AS previous_ended
  FROM job_daily d
  JOIN shown_job j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  CROSS JOIN period p
  WHERE d.run_date BETWEEN p.previous_first_day AND p.last_day
) r
CROSS JOIN (
  SELECT
    sum(CASE WHEN d.run_date >= p.first_day THEN d.met END) AS met,
    sum(CASE WHEN d.run_date < p.first_day THEN d.met END) AS previous_met,
    sum(CASE WHEN d.run_date >= p.first_day THEN d.met + d.missed END) AS decided,
    sum(CASE WHEN d.run_date < p.first_day THEN d.met + d.missed END) AS previous_decided
  FROM sla_daily d
  JOIN shown_job j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  CROSS JOIN period p
  WHERE d.run_date BETWEEN p.previous_first_day AND p.last_day
) s
CROSS JOIN (
  SELECT
    max(p.is_comparable) AS is_comparable,
    sum(CASE WHEN d.usage_date >= p.first_day THEN d.list_cost END) AS list_cost,
    sum(CASE WHEN d.usage_date < p.first_day THEN d.list_cost END) AS previous_list_cost
  FROM cost_daily d
  JOIN job_ids i ON i.workspace_id = d.workspace_id AND i.job_id = d.job_id
  CROSS JOIN cost_period p
  WHERE d.usage_date BETWEEN p.previous_first_day AND p.last_day
) c
