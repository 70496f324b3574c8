-- What each stage of the last night took.
SELECT l.stage, l.step, l.table_name, l.mode, sum(l.seconds) AS seconds,
  sum(l.inserted + l.updated + l.deleted) AS rows_written, sum(l.rejected) AS quarantined, sum(l.late) AS late
FROM last_night l
GROUP BY l.stage, l.step, l.table_name, l.mode
ORDER BY seconds DESC, l.step, l.table_name
