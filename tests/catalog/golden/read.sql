-- Every frame is pinned to a version: a later write does not change what it says.
SELECT * FROM `rightrun`.`silver`.`things` VERSION AS OF 7;
