-- Jobs with an SLA, or with one that was decided on since the last night: it holds from the next one on.
SELECT
  a.workspace_id, a.series_key, a.name, a.team, a.owner, a.tier, a.state, a.url,
  CASE WHEN a.is_ahead THEN a.decided_kind ELSE a.sla_kind END AS sla_kind,
  CASE WHEN a.is_ahead THEN a.decided_limit_seconds ELSE a.sla_limit_seconds END AS sla_limit_seconds,
  CASE WHEN a.is_ahead THEN a.decided_time_of_day ELSE a.sla_time_of_day END AS sla_time_of_day,
  CASE WHEN a.is_ahead THEN a.decided_timezone ELSE a.sla_timezone END AS sla_timezone,
  CASE WHEN a.is_ahead THEN a.source ELSE a.sla_source END AS sla_source,
  a.is_ahead AS from_next_night,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.decided_by END AS decided_by,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.decided_at END AS decided_at,
  CASE WHEN a.is_ahead OR a.sla_source = a.source THEN a.evidence END AS evidence,
  a.p_miss, a.upcoming_runs, a.expected_misses
FROM (
  SELECT
    j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
    j.sla_kind, j.sla_limit_seconds, j.sla_time_of_day, j.sla_timezone, j.sla_source,
    d.sla_kind AS decided_kind, d.sla_limit_seconds AS decided_limit_seconds,
    d.sla_time_of_day AS decided_time_of_day, d.sla_timezone AS decided_timezone,
    d.source, d.decided_by, d.decided_at, d.evidence,
    coalesce(d.is_set AND (
      j.sla_kind IS NULL OR j.sla_source = 'timeout' OR (j.sla_source = d.source AND (
        j.sla_kind <> d.sla_kind
        OR coalesce(j.sla_limit_seconds, -1) <> coalesce(d.sla_limit_seconds, -1)
        OR coalesce(j.sla_time_of_day, '') <> coalesce(d.sla_time_of_day, '')
        OR coalesce(j.sla_timezone, '') <> coalesce(d.sla_timezone, '')
      ))
    ), FALSE) AS is_ahead,
    f.p_miss, f.upcoming_runs, f.expected_misses
  FROM gold.jobs j
  LEFT JOIN (
    SELECT s.*, row_number() OVER (PARTITION BY s.series_key ORDER BY s.decided_at DESC) AS place
    FROM ops.sla_decisions s
  ) d ON d.series_key = j.series_key AND d.place = 1
  LEFT JOIN gold.job_forecast f ON f.workspace_id = j.workspace_id AND f.series_key = j.series_key
) a
WHERE a.sla_kind IS NOT NULL OR a.is_ahead
ORDER BY a.p_miss DESC NULLS LAST, a.series_key
