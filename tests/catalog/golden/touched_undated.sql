-- Only whether there is anything to merge.
SELECT CAST(NULL AS date) AS `_day` FROM `rightrun`.`staging`.`difference` LIMIT 1;
