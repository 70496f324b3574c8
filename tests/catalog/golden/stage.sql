-- The step's result is computed once, whatever is then asked of it: checked, compared, inserted.
CREATE TABLE `rightrun`.`staging`.`staged` USING DELTA AS
SELECT * FROM `rows`;
