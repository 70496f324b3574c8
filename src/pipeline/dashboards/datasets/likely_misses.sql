-- Next runs that may well miss their SLA, with the reason that weighs most, the likeliest first.
SELECT
  q.p_miss, j.name,
  CASE
    WHEN q.largest = q.p_miss_failure THEN 'it may fail, and no retry comes in time'
    WHEN q.largest = q.p_miss_duration THEN 'it takes too long'
    WHEN q.largest = q.p_miss_upstream THEN 'the job that starts it is too late'
    WHEN q.largest = q.p_miss_start THEN 'its own start is too late'
  END AS reason,
  q.next_start_at, q.next_due_at,
  CASE
    WHEN q.sla_kind = 'limit' THEN concat('within ', format_number(q.sla_limit_seconds / 60, 0), ' min')
    WHEN q.sla_kind = 'deadline' THEN concat('by ', q.sla_time_of_day, ' ', q.sla_timezone)
  END AS sla,
  q.p50_seconds / 60 AS p50_minutes, q.p95_seconds / 60 AS p95_minutes, q.allowed_seconds / 60 AS allowed_minutes,
  j.team, j.owner, j.tier, j.series_key, j.url
FROM (
  SELECT
    f.*,
    greatest(coalesce(f.p_miss_failure, 0), coalesce(f.p_miss_duration, 0), coalesce(f.p_miss_upstream, 0), coalesce(f.p_miss_start, 0))
      AS largest
  FROM job_forecast f
  WHERE f.sla_status = 'ok' AND f.p_miss >= 0.05
) q
JOIN shown_jobs j ON j.workspace_id = q.workspace_id AND j.series_key = q.series_key
ORDER BY q.p_miss DESC, j.tier, j.series_key
