"""The dashboard as Databricks has it: `.lvdash.json`, built from the pages, and what may be wrong with one."""
