-- A declared comment is the reader's documentation, so it follows the declaration.
ALTER TABLE `rightrun`.`silver`.`things` ALTER COLUMN `name` COMMENT 'It\'s a name [words]';
