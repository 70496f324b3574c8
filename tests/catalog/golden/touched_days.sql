-- A key whose date moves is on two dates, and the merge must name both; without the old one it would insert
-- the row a second time. No row means that there is nothing to merge.
SELECT DISTINCT `_day` FROM (
  SELECT `day` AS `_day` FROM `rightrun`.`staging`.`difference`
  UNION ALL
  SELECT `_stored_day` FROM `rightrun`.`staging`.`difference`
) AS days;
