-- Clustered tables are clustered further by it.
OPTIMIZE `rightrun`.`silver`.`things`;
