-- How far each source has come, and how far it is behind, the furthest first.
SELECT
  f.source_table, f.reached_at, f.received_at, f.behind_hours, f.ahead_hours, f.gap_hours, f.gap,
  array_join(f.columns_absent, ', ') AS columns_absent
FROM source_freshness f
ORDER BY f.behind_hours DESC, f.source_table
