-- A table without a date has all of its rows under NULL.
SELECT
  `_day`, sum(`_copies`) AS `_rows`, max(`_copies`) AS `_copies`,
  sum(`_lacking_id`) AS `id`,
  sum(`_lacking_day`) AS `day`,
  sum(`_lacking_count`) AS `count`
FROM (
  SELECT min(CAST(NULL AS date)) AS `_day`, count(*) AS `_copies`,
    count_if(`id` IS NULL) AS `_lacking_id`,
    count_if(`day` IS NULL) AS `_lacking_day`,
    count_if(`count` IS NULL) AS `_lacking_count`
  FROM `rightrun`.`staging`.`staged`
  GROUP BY `id`
) AS by_key
GROUP BY `_day`;
