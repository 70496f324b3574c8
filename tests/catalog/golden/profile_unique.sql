-- Where the caller promises that no two rows share a key, the keys need no shuffle.
SELECT
  `day` AS `_day`, count(*) AS `_rows`, 1 AS `_copies`,
  count_if(`id` IS NULL) AS `id`,
  count_if(`day` IS NULL) AS `day`,
  count_if(`count` IS NULL) AS `count`
FROM `rightrun`.`staging`.`staged`
GROUP BY `day`;
