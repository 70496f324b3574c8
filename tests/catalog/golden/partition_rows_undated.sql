-- A table without a date has its rows under NULL; Delta counts them from the log.
SELECT CAST(NULL AS date) AS `_day`, count(*) AS `_rows` FROM `rightrun`.`silver`.`things` GROUP BY CAST(NULL AS date);
