-- New columns are nullable and NULL in old rows: no file is rewritten.
ALTER TABLE `rightrun`.`silver`.`things` ADD COLUMNS (`extra` map<string,int> COMMENT 'It\'s new', `more` date COMMENT 'New');
