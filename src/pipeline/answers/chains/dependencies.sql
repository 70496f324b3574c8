-- Which job comes after which, as far as that still holds.
SELECT
  d.upstream_series_key, b.name AS upstream_name, d.series_key, a.name, d.kind, d.table_name,
  d.runs, d.runs_share, d.first_seen_at, d.last_seen_at, d.ready_seconds, d.wait_seconds,
  d.wait_p90_seconds, a.sla_kind, f.next_due_at, b.owner AS upstream_owner, a.owner
FROM gold.job_dependencies d
JOIN gold.jobs a ON a.series_key = d.series_key
JOIN gold.jobs b ON b.series_key = d.upstream_series_key
LEFT JOIN gold.job_forecast f ON f.series_key = d.series_key
WHERE d.is_current
ORDER BY d.upstream_series_key, d.series_key, d.kind, d.table_name
