-- The SLA of each job as the last night saw it, and the newest decision about it, with whether that night knew it.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  j.sla_kind, j.sla_limit_seconds, j.sla_time_of_day, j.sla_timezone, j.sla_source,
  d.terms AS decided_terms, d.source AS decided_source, d.decided_by, d.decided_at, d.evidence,
  d.decided_at IS NOT NULL AND s.decided_at IS NULL AS from_next_night,
  f.p_miss, f.upcoming_runs, f.expected_misses
FROM gold.jobs j
LEFT JOIN (
  SELECT
    o.subject, o.decided_at, o.decided_by, o.source, o.terms, o.evidence,
    row_number() OVER (PARTITION BY o.subject ORDER BY o.decided_at DESC) AS place
  FROM ops.decisions o
  WHERE o.kind = 'sla'
) d ON d.subject = j.series_key AND d.place = 1
LEFT JOIN silver.sla_decisions s ON s.series_key = d.subject AND s.decided_at = d.decided_at
LEFT JOIN gold.job_forecast f ON f.workspace_id = j.workspace_id AND f.series_key = j.series_key
ORDER BY f.p_miss DESC NULLS LAST, j.series_key
