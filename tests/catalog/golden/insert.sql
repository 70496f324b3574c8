-- By name: a table that has grown stores its columns in another order than is declared.
INSERT INTO `rightrun`.`silver`.`things` (`id`, `day`, `name`, `order`, `count`, `share`, `ready`, `cost`, `ended_at`, `due`, `tags`, `compute`, `trigger`, `ids`, `first_seen_at`)
SELECT `id`, `day`, `name`, `order`, `count`, `share`, `ready`, `cost`, `ended_at`, `due`, `tags`, `compute`, `trigger`, `ids`, `first_seen_at` FROM `rightrun`.`staging`.`staged`;
