-- Rows that could not be kept, or not whole, by the reason why.
SELECT q.source_table, q.reason, q.is_kept, sum(q.copies) AS rows, min(q.first_seen_at) AS first_seen_at
FROM bronze.quarantine q
GROUP BY q.source_table, q.reason, q.is_kept
ORDER BY rows DESC, q.source_table, q.reason
