-- Staged tables end with their write; those of a night that died, with the next one's start.
DROP TABLE IF EXISTS `rightrun`.`staging`.`staged`;
