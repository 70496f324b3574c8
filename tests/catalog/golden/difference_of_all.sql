-- Replacing is a merge with every stored row in scope: rows that are equal stay as they are.
CREATE TABLE `rightrun`.`staging`.`difference` USING DELTA AS
SELECT s.`id`, s.`day`, s.`name`, s.`order`, s.`count`, s.`share`, s.`ready`, s.`cost`, s.`ended_at`, s.`due`, s.`tags`, s.`compute`, s.`trigger`, s.`ids`, s.`first_seen_at`, FALSE AS `_gone`, t.`day` AS `_stored_day`
FROM `rightrun`.`staging`.`staged` AS s
LEFT JOIN (SELECT * FROM `rightrun`.`silver`.`things` VERSION AS OF 7) AS t ON t.`id` = s.`id`
WHERE t.`id` IS NULL OR t.`day` IS DISTINCT FROM s.`day` OR t.`name` IS DISTINCT FROM s.`name` OR t.`order` IS DISTINCT FROM s.`order` OR t.`count` IS DISTINCT FROM s.`count` OR t.`share` IS DISTINCT FROM s.`share` OR t.`ready` IS DISTINCT FROM s.`ready` OR t.`cost` IS DISTINCT FROM s.`cost` OR t.`ended_at` IS DISTINCT FROM s.`ended_at` OR t.`due` IS DISTINCT FROM s.`due` OR map_entries(t.`tags`) IS DISTINCT FROM map_entries(s.`tags`) OR t.`compute` IS DISTINCT FROM s.`compute` OR t.`trigger` IS DISTINCT FROM s.`trigger` OR t.`ids` IS DISTINCT FROM s.`ids`
UNION ALL
SELECT t.`id`, CAST(NULL AS date) AS `day`, CAST(NULL AS string) AS `name`, CAST(NULL AS bigint) AS `order`, CAST(NULL AS int) AS `count`, CAST(NULL AS double) AS `share`, CAST(NULL AS boolean) AS `ready`, CAST(NULL AS decimal(38,18)) AS `cost`, CAST(NULL AS timestamp) AS `ended_at`, CAST(NULL AS date) AS `due`, CAST(NULL AS map<string,string>) AS `tags`, CAST(NULL AS array<struct<kind:string, node:string>>) AS `compute`, CAST(NULL AS struct<cron:string, every:struct<hours:int, days:array<int>>>) AS `trigger`, CAST(NULL AS array<string>) AS `ids`, CAST(NULL AS timestamp) AS `first_seen_at`, TRUE AS `_gone`, t.`day` AS `_stored_day`
FROM `rightrun`.`silver`.`things` VERSION AS OF 7 AS t
LEFT ANTI JOIN `rightrun`.`staging`.`staged` AS s ON t.`id` = s.`id`;
