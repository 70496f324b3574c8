-- For a column that was added to an empty table, or that CREATE OR REPLACE made nullable.
ALTER TABLE `rightrun`.`silver`.`things` ALTER COLUMN `count` SET NOT NULL;
