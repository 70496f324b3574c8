-- A holder that nobody has heard of for minutes is none. The server's clock, since clients' own differ.
SELECT `writer`, `process`, `host`, `principal`, `taken_at`, `renewed_at`
FROM `rightrun`.`ops`.`writers`
WHERE `place` = 'tables' AND `writer` IS NOT NULL AND NOT (`renewed_at` < current_timestamp() - INTERVAL 5 MINUTES);
