-- One row: what is failing, what is likely to miss, how SLAs were kept over 7 and 30 days, and what the night flagged.
SELECT
  f.failing, f.newly_failing, f.failing - f.newly_failing AS failing_for_longer, m.likely_to_miss, m.expected_misses,
  s.compliance_7, s.compliance_7_before, s.compliance_30, s.compliance_30_before,
  a.flagged
FROM (
  SELECT
    count(CASE WHEN h.is_failing THEN 1 END) AS failing,
    count(CASE WHEN h.is_failing AND h.failing_since >= n.as_of - INTERVAL '1' DAY THEN 1 END) AS newly_failing
  FROM job_health h
  JOIN shown_jobs j ON j.workspace_id = h.workspace_id AND j.series_key = h.series_key
  CROSS JOIN night n
) f
CROSS JOIN (
  SELECT
    count(CASE WHEN q.p_miss >= 0.5 THEN 1 END) AS likely_to_miss, coalesce(sum(q.p_miss), CAST(0 AS DOUBLE)) AS expected_misses
  FROM job_forecast q
  JOIN shown_jobs j ON j.workspace_id = q.workspace_id AND j.series_key = q.series_key
  WHERE q.sla_status = 'ok'
) m
CROSS JOIN (
  SELECT
    sum(CASE WHEN d.age < 7 THEN d.met END) / nullif(CAST(sum(CASE WHEN d.age < 7 THEN d.met + d.missed END) AS DOUBLE), 0)
      AS compliance_7,
    sum(CASE WHEN d.age BETWEEN 7 AND 13 THEN d.met END)
      / nullif(CAST(sum(CASE WHEN d.age BETWEEN 7 AND 13 THEN d.met + d.missed END) AS DOUBLE), 0) AS compliance_7_before,
    sum(CASE WHEN d.age < 30 THEN d.met END) / nullif(CAST(sum(CASE WHEN d.age < 30 THEN d.met + d.missed END) AS DOUBLE), 0)
      AS compliance_30,
    sum(CASE WHEN d.age BETWEEN 30 AND 59 THEN d.met END)
      / nullif(CAST(sum(CASE WHEN d.age BETWEEN 30 AND 59 THEN d.met + d.missed END) AS DOUBLE), 0) AS compliance_30_before
  FROM (
    SELECT datediff(p.last_day, t.run_date) AS age, t.met, t.missed
    FROM sla_daily t
    JOIN shown_jobs j ON j.workspace_id = t.workspace_id AND j.series_key = t.series_key
    CROSS JOIN period p
    WHERE t.run_date BETWEEN date_sub(p.last_day, 59) AND p.last_day
  ) d
) s
CROSS JOIN (
  SELECT count(DISTINCT t.series_key) AS flagged
  FROM job_nights t
  JOIN (SELECT max(o.night_at) AS last_at FROM job_nights o) l ON l.last_at = t.night_at
  JOIN shown_jobs j ON j.workspace_id = t.workspace_id AND j.series_key = t.series_key
  WHERE t.is_flagged
) a
