-- How runs ended and kept their SLA on each of the days shown.
SELECT
  w.run_date, sum(w.succeeded) AS succeeded, sum(w.failed) AS failed,
  CAST(sum(w.succeeded) AS DOUBLE) / nullif(sum(w.succeeded + w.failed), 0) AS success_rate,
  CAST(sum(w.met) AS DOUBLE) / nullif(sum(w.met + w.missed), 0) AS sla_compliance, sum(w.missed) AS missed
FROM (
  SELECT
    d.run_date, d.succeeded, d.failed + d.timed_out AS failed, coalesce(s.met, 0) AS met, coalesce(s.missed, 0) AS missed
  FROM job_daily d
  JOIN shown_jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  LEFT JOIN sla_daily s ON s.workspace_id = d.workspace_id AND s.series_key = d.series_key AND s.run_date = d.run_date
  CROSS JOIN period p
  WHERE d.run_date BETWEEN p.first_day AND p.last_day
) w
GROUP BY w.run_date
ORDER BY w.run_date
