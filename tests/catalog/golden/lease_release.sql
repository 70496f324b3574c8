-- The row stays: an update of it conflicts with any other's, as an insert into an empty table need not.
UPDATE `rightrun`.`ops`.`writers` SET `writer` = NULL
WHERE `writer` = '0b5c';
