-- Asked before deleting: a delete of nothing is not to be a commit.
SELECT 1 FROM `rightrun`.`silver`.`things` WHERE `day` < DATE '2026-01-01' LIMIT 1;
