-- One pass finds every NULL where none is declared, before anything is written.
SELECT
  count(*) AS `_rows`,
  count_if(`id` IS NULL) AS `id`,
  count_if(`day` IS NULL) AS `day`,
  count_if(`count` IS NULL) AS `count`
FROM `rightrun`.`staging`.`staged`;
