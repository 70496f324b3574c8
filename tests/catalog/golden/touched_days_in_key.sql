-- Where the key names the date, no row can move to another.
SELECT DISTINCT `day` AS `_day` FROM `rightrun`.`staging`.`difference`;
