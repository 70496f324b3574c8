-- Delta names the struct inside an array `element`, and a map's `value`. At the end only, for structs
-- are cast by position.
ALTER TABLE `rightrun`.`silver`.`things` ADD COLUMNS (`compute`.`element`.`zone` string);
