-- The last 13 times 7 days to the last day shown, as far as runs are known for all seven: how runs ended, and whether they kept their SLA.
SELECT
  w.week_to,
  CAST(sum(w.succeeded) AS DOUBLE) / nullif(sum(w.ended), 0) AS success_rate,
  CAST(sum(w.met) AS DOUBLE) / nullif(sum(w.decided), 0) AS sla_compliance
FROM (
  SELECT
    date_sub(p.last_day, 7 * CAST(floor(datediff(p.last_day, d.run_date) / 7) AS INT)) AS week_to,
    d.succeeded, d.succeeded + d.failed + d.timed_out AS ended, CAST(0 AS BIGINT) AS met, CAST(0 AS BIGINT) AS decided
  FROM job_daily d
  JOIN shown_jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  CROSS JOIN period p
  WHERE d.run_date BETWEEN date_sub(p.last_day, 90) AND p.last_day
  UNION ALL
  SELECT
    date_sub(p.last_day, 7 * CAST(floor(datediff(p.last_day, d.run_date) / 7) AS INT)) AS week_to,
    CAST(0 AS BIGINT) AS succeeded, CAST(0 AS BIGINT) AS ended, d.met, d.met + d.missed AS decided
  FROM sla_daily d
  JOIN shown_jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
  CROSS JOIN period p
  WHERE d.run_date BETWEEN date_sub(p.last_day, 90) AND p.last_day
) w
CROSS JOIN (SELECT min(a.run_date) AS first_run_day FROM job_daily a) b
WHERE date_sub(w.week_to, 6) >= b.first_run_day
GROUP BY w.week_to
ORDER BY w.week_to
