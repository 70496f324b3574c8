-- Where the key names the date, a stored row of the same key is on the same date: files of other dates
-- are not read.
CREATE TABLE `rightrun`.`staging`.`difference` USING DELTA AS
SELECT s.`id`, s.`day`, s.`name`, s.`order`, s.`count`, s.`share`, s.`ready`, s.`cost`, s.`ended_at`, s.`due`, s.`tags`, s.`compute`, s.`trigger`, s.`ids`, s.`first_seen_at`, FALSE AS `_gone`
FROM `rightrun`.`staging`.`staged` AS s
LEFT JOIN (SELECT * FROM `rightrun`.`silver`.`things` VERSION AS OF 7 WHERE (`day` BETWEEN DATE '2026-01-01' AND DATE '2026-01-01')) AS t ON t.`id` = s.`id` AND t.`day` = s.`day`
WHERE t.`id` IS NULL OR t.`name` IS DISTINCT FROM s.`name` OR t.`order` IS DISTINCT FROM s.`order` OR t.`count` IS DISTINCT FROM s.`count` OR t.`share` IS DISTINCT FROM s.`share` OR t.`ready` IS DISTINCT FROM s.`ready` OR t.`cost` IS DISTINCT FROM s.`cost` OR t.`ended_at` IS DISTINCT FROM s.`ended_at` OR t.`due` IS DISTINCT FROM s.`due` OR map_entries(t.`tags`) IS DISTINCT FROM map_entries(s.`tags`) OR t.`compute` IS DISTINCT FROM s.`compute` OR t.`trigger` IS DISTINCT FROM s.`trigger` OR t.`ids` IS DISTINCT FROM s.`ids`;
