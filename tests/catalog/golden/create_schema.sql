-- Names are always quoted, so a catalog may be called anything.
CREATE SCHEMA IF NOT EXISTS `rightrun`.`silver`;
