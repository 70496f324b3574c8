-- Whole days, so with clustering by the date mostly whole files.
DELETE FROM `rightrun`.`silver`.`things` WHERE `day` < DATE '2026-01-01';
