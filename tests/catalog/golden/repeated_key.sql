-- A merge with two source rows of one key inserts both where the key is new.
SELECT `id`, count(*) AS `_rows` FROM `rightrun`.`staging`.`staged`
GROUP BY `id` HAVING count(*) > 1 LIMIT 1;
