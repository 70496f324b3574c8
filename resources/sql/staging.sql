-- What an administrator runs once for the target staging, before its first deployment.
-- Made by `rightrun bundle generate` from databricks.yml and the tables; change those, not this file.

-- Where the metastore has no storage of its own, add MANAGED LOCATION '...'.
CREATE CATALOG IF NOT EXISTS `rightrun_staging`;

-- In this target whoever deploys is whom the night runs as, and needs USE CATALOG and CREATE SCHEMA
-- on `rightrun_staging`, and to read the tables of `system`.

-- Of the schemas in it, readers are given gold and ops by the bundle.
GRANT USE CATALOG ON CATALOG `rightrun_staging` TO `rightrun-readers`;
