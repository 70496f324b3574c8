-- Jobs with an SLA, or with one that was decided on since the last night and that no other outranks.
SELECT
  a.workspace_id, a.series_key, a.name, a.team, a.owner, a.tier, a.state, a.url,
  CASE WHEN NOT a.is_ahead THEN a.sla_kind WHEN a.is_limit THEN 'limit' ELSE 'deadline' END AS sla_kind,
  CASE
    WHEN NOT a.is_ahead THEN a.sla_limit_seconds
    WHEN a.is_limit THEN CAST(CASE WHEN a.is_limit THEN replace(a.terms, 's', '') ELSE '0' END AS DOUBLE)
  END AS sla_limit_seconds,
  CASE WHEN NOT a.is_ahead THEN a.sla_time_of_day WHEN NOT a.is_limit THEN substr(a.terms, 1, 5) END
    AS sla_time_of_day,
  CASE WHEN NOT a.is_ahead THEN a.sla_timezone WHEN NOT a.is_limit THEN substr(a.terms, 7) END AS sla_timezone,
  CASE WHEN a.is_ahead THEN a.source ELSE a.sla_source END AS sla_source,
  a.is_ahead AS from_next_night,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.terms END AS decided_terms,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.decided_by END AS decided_by,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.decided_at END AS decided_at,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.evidence END AS evidence,
  a.p_miss, a.upcoming_runs, a.expected_misses
FROM (
  SELECT
    j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
    j.sla_kind, j.sla_limit_seconds, j.sla_time_of_day, j.sla_timezone, j.sla_source,
    d.terms, d.source, d.decided_by, d.decided_at, d.evidence,
    coalesce(regexp_like(d.terms, '^[0-9.]+s$'), FALSE) AS is_limit,
    coalesce(
      d.terms IS NOT NULL AND s.decided_at IS NULL
      AND (j.sla_source IS NULL OR j.sla_source = 'timeout' OR j.sla_source = d.source),
      FALSE
    ) AS is_ahead,
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
) a
WHERE a.sla_kind IS NOT NULL OR a.is_ahead
ORDER BY a.p_miss DESC NULLS LAST, a.series_key
