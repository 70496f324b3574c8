-- How many rows a day has; the clustering column is all that is read.
SELECT `day` AS `_day`, count(*) AS `_rows` FROM `rightrun`.`silver`.`things` GROUP BY `day`;
