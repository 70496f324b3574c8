-- Types are spelled as declared: in capitals, struct fields would be stored in capitals. Clustering by
-- the date and not partitioning, which small days would cut into small files. The feed is on from the
-- first version, so a step can ask what changed since any version.
CREATE TABLE IF NOT EXISTS `rightrun`.`silver`.`things` (
  `id` string NOT NULL COMMENT 'Key',
  `day` date NOT NULL COMMENT 'Partition',
  `name` string COMMENT 'It\'s a name [words]',
  `order` bigint COMMENT 'A reserved word',
  `count` int NOT NULL COMMENT 'A number',
  `share` double COMMENT 'A number',
  `ready` boolean COMMENT 'A truth',
  `cost` decimal(38,18) COMMENT 'Money',
  `ended_at` timestamp COMMENT 'A time',
  `due` date COMMENT 'A date',
  `tags` map<string,string> COMMENT 'A map',
  `compute` array<struct<kind:string, node:string>> COMMENT 'A list of structs',
  `trigger` struct<cron:string, every:struct<hours:int, days:array<int>>> COMMENT 'Nested',
  `ids` array<string> COMMENT 'A list',
  `first_seen_at` timestamp COMMENT 'When received'
)
USING DELTA
CLUSTER BY (`day`)
COMMENT 'one thing, \'quoted\' and all'
TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true');
