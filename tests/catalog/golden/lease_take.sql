-- One commit or none: of two that read the same version, Delta lets one win. Guarded, so that a second one
-- that comes later changes nothing.
MERGE INTO `rightrun`.`ops`.`writers` AS t
USING (
  SELECT 'tables' AS `place`, '0b5c' AS `writer`, CAST(7 AS BIGINT) AS `process`, 'driver-1' AS `host`, current_user() AS `principal`,
    current_timestamp() AS `taken_at`, current_timestamp() AS `renewed_at`
) AS s
ON t.`place` = s.`place`
WHEN MATCHED AND (t.`writer` IS NULL OR t.`renewed_at` < current_timestamp() - INTERVAL 5 MINUTES) THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *;
