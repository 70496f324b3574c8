-- Never below 168 hours from the command line: Databricks refuses less.
VACUUM `rightrun`.`silver`.`things` RETAIN 168 HOURS;
