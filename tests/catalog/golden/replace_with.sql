-- Columns, rows and properties of a migrated table in one commit, its history kept. RENAME and DROP
-- COLUMN would need Delta's column mapping, which older readers do not know.
CREATE OR REPLACE TABLE `rightrun`.`silver`.`things`
USING DELTA
CLUSTER BY (`day`)
COMMENT 'one thing, \'quoted\' and all'
TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')
AS SELECT * FROM `rightrun`.`staging`.`staged`;
