-- Views only name a frame to SQL.
DROP VIEW IF EXISTS `rows`;
