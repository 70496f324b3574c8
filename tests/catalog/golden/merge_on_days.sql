-- The dates in the condition let Delta skip the files of all others, so that a night reads what changed and
-- not the table. In ranges: of a list Delta looks at the ends only.
MERGE INTO `rightrun`.`silver`.`things` AS t
USING `rightrun`.`staging`.`difference` AS s
ON t.`id` = s.`id` AND (t.`day` BETWEEN DATE '2025-12-25' AND DATE '2025-12-25' OR t.`day` BETWEEN DATE '2025-12-31' AND DATE '2026-01-01')
WHEN MATCHED AND s.`_gone` THEN DELETE
WHEN MATCHED THEN UPDATE SET t.`day` = s.`day`, t.`name` = s.`name`, t.`order` = s.`order`, t.`count` = s.`count`, t.`share` = s.`share`, t.`ready` = s.`ready`, t.`cost` = s.`cost`, t.`ended_at` = s.`ended_at`, t.`due` = s.`due`, t.`tags` = s.`tags`, t.`compute` = s.`compute`, t.`trigger` = s.`trigger`, t.`ids` = s.`ids`
WHEN NOT MATCHED AND NOT s.`_gone` THEN INSERT (`id`, `day`, `name`, `order`, `count`, `share`, `ready`, `cost`, `ended_at`, `due`, `tags`, `compute`, `trigger`, `ids`, `first_seen_at`) VALUES (s.`id`, s.`day`, s.`name`, s.`order`, s.`count`, s.`share`, s.`ready`, s.`cost`, s.`ended_at`, s.`due`, s.`tags`, s.`compute`, s.`trigger`, s.`ids`, s.`first_seen_at`);
