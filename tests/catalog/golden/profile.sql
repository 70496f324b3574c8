-- One look at what is to be written: how many rows each date has, whether two share a key (a merge would
-- insert both), and whether a required value is missing. The dates say which files a merge may touch.
SELECT
  `_day`, sum(`_copies`) AS `_rows`, max(`_copies`) AS `_copies`,
  sum(`_lacking_id`) AS `id`,
  sum(`_lacking_day`) AS `day`,
  sum(`_lacking_count`) AS `count`
FROM (
  SELECT min(`day`) AS `_day`, count(*) AS `_copies`,
    count_if(`id` IS NULL) AS `_lacking_id`,
    count_if(`day` IS NULL) AS `_lacking_day`,
    count_if(`count` IS NULL) AS `_lacking_count`
  FROM `rightrun`.`staging`.`staged`
  GROUP BY `id`
) AS by_key
GROUP BY `_day`;
