-- A SELECT of the information schema: it says no where DESCRIBE would fail, also for an absent schema.
SELECT 1 FROM `rightrun`.`information_schema`.`tables`
WHERE table_schema = 'silver' AND table_name = 'things';
