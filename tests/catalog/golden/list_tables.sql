-- What a night that died has left.
SHOW TABLES IN `rightrun`.`staging`;
