-- One row: how the runs of the days shown ended, and whether they kept their SLA, beside as many days before.
SELECT
  r.succeeded / nullif(CAST(r.ended AS DOUBLE), 0) AS success_rate,
  r.previous_succeeded / nullif(CAST(r.previous_ended AS DOUBLE), 0) AS previous_success_rate,
  s.met / nullif(CAST(s.decided AS DOUBLE), 0) AS sla_compliance,
  s.previous_met / nullif(CAST(s.previous_decided AS DOUBLE), 0) AS previous_sla_compliance,
  coalesce(r.runs, 0) AS runs, coalesce(r.previous_runs, 0) AS previous_runs,
  coalesce(s.decided - s.met, 0) AS misses, coalesce(s.previous_decided - s.previous_met, 0) AS previous_misses
FROM (
  SELECT
    sum(CASE WHEN d.run_date >= p.first_day THEN d.runs ELSE 0 END) AS runs,
    sum(CASE WHEN d.run_date < p.first_day THEN d.runs ELSE 0 END) AS previous_runs,
    sum(CASE WHEN d.run_date >= p.first_day THEN d.succeeded ELSE 0 END) AS succeeded,
    sum(CASE WHEN d.run_date < p.first_day THEN d.succeeded ELSE 0 END) AS previous_succeeded,
    sum(CASE WHEN d.run_date >= p.first_day THEN d.succeeded + d.failed + d.timed_out ELSE 0 END) AS ended,
    sum(CASE WHEN d.run_date < p.first_day THEN d.succeeded + d.failed + d.timed_out ELSE 0 END) AS previous_ended
  FROM job_daily d
  JOIN shown_jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  CROSS JOIN period p
  WHERE d.run_date BETWEEN p.previous_first_day AND p.last_day
) r
CROSS JOIN (
  SELECT
    sum(CASE WHEN d.run_date >= p.first_day THEN d.met ELSE 0 END) AS met,
    sum(CASE WHEN d.run_date < p.first_day THEN d.met ELSE 0 END) AS previous_met,
    sum(CASE WHEN d.run_date >= p.first_day THEN d.met + d.missed ELSE 0 END) AS decided,
    sum(CASE WHEN d.run_date < p.first_day THEN d.met + d.missed ELSE 0 END) AS previous_decided
  FROM sla_daily d
  JOIN shown_jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  CROSS JOIN period p
  WHERE d.run_date BETWEEN p.previous_first_day AND p.last_day
) s
