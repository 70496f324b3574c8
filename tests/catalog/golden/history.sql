-- Versions, operations and the counts of a write all come from the log.
DESCRIBE HISTORY `rightrun`.`silver`.`things` LIMIT 2;
