-- Images before and after both count, so no _change_type is asked for. The answer is kept, because only
-- running it shows whether the feed's files are still there.
CREATE TABLE `rightrun`.`staging`.`staged` USING DELTA AS
SELECT DISTINCT `id`, `day` FROM table_changes('`rightrun`.`silver`.`things`', 3, 7);
