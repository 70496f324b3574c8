-- The version at which each table of the home stands.
SELECT v.table_name, v.version FROM ops.schema_versions v
