-- The newest decision about the SLA of each job.
SELECT d.series_key, d.decided_at, d.decided_by, d.source, d.is_set, d.sla_kind, d.sla_limit_seconds,
  d.sla_time_of_day, d.sla_timezone, d.evidence
FROM (
  SELECT s.*, row_number() OVER (PARTITION BY s.series_key ORDER BY s.decided_at DESC) AS place
  FROM ops.sla_decisions s
) d
WHERE d.place = 1
ORDER BY d.series_key
