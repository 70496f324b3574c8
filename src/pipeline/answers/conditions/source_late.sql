-- Sources that gain rows whenever anything runs, and that were further behind than they are known to be, or lost what they had.
SELECT
  f.source_table, coalesce(f.reached_at, f.received_at) AS began_at, f.received_at AS seen_at, f.behind_hours, f.gap_hours, f.gap
FROM gold.source_freshness f
WHERE (f.source_table LIKE '%_timeline' AND f.behind_hours > 36)
  OR (f.source_table = 'system.billing.usage' AND f.behind_hours > 60)
  OR f.gap <> 'within'
ORDER BY f.source_table
