-- How far each source has come, and how far it is behind or ahead.
SELECT
  f.source_table, f.newest_observed_at, f.reached_at, f.received_at, f.behind_hours, f.ahead_hours,
  f.gap_hours, f.gap, f.columns_absent
FROM gold.source_freshness f
ORDER BY f.source_table
