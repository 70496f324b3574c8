-- Only asked after a NULL was counted: the example that the error names.
SELECT `id` FROM `rightrun`.`staging`.`staged` WHERE `day` IS NULL LIMIT 1;
