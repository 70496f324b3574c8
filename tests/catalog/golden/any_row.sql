-- Whether a required column can still be added; whether a difference has anything in it.
SELECT 1 FROM `rightrun`.`silver`.`things` LIMIT 1;
