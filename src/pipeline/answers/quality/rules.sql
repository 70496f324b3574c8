-- The declared rules as they were last counted, broken ones first.
SELECT q.table_name, q.rule, q.column_name, q.rows, q.violations
FROM ops.quality q
ORDER BY q.violations > 0 DESC, q.table_name, q.rule, q.column_name
