"""How jobs are set up, as the Jobs API tells it: what no system table holds.

Only what is named here is taken: parameters, environment variables, Spark settings, scripts,
libraries, addresses and credentials, wherever a job's settings hold them, have no column.
"""

from dataclasses import replace

from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable
from pipeline.tables.source.columns import JOB, TAGS, WORKSPACE

JOB_SETTINGS = SourceTable(
    layer=Layer.SOURCE,
    name="job_settings",
    system_name="jobs_api.job_settings",
    grain="one job of the workspace that is asked, as it is set up now",
    keys=("workspace_id", "job_id"),
    arrival=Arrival.SNAPSHOT,
    switches_off="retries, queues, notifications and clusters as jobs ask for them",
    columns=(
        WORKSPACE,
        JOB,
        Column("name", "string", "Name given by a user; not unique"),
        Column("error", "string", "Why the job's settings could not be read in full"),
        Column("run_as", "string", "User or service principal that the settings name"),
        replace(TAGS, comment="Tags of the job"),
        Column(
            "trigger_type",
            "string",
            "What starts it, in the API's word: schedule, continuous, periodic, file_arrival, ...",
            null_means="nothing starts it by itself",
        ),
        Column("pause_status", "string", "PAUSED or UNPAUSED, where something starts it"),
        Column("quartz_cron_expression", "string", "Its schedule"),
        Column("timezone_id", "string", "The schedule's time zone"),
        Column("max_concurrent_runs", "bigint", "Runs at once; a run beyond waits or is skipped"),
        Column("queue_enabled", "boolean", "Whether a run beyond waits"),
        Column("timeout_seconds", "bigint", "Timeout; 0 is none", unit="seconds"),
        Column(
            "health_rules",
            "array<struct<metric:string, op:string, value:bigint>>",
            "Health rules, such as RUN_DURATION_SECONDS GREATER_THAN a value",
        ),
        Column(
            "performance_target", "string", "Of serverless: PERFORMANCE_OPTIMIZED, STANDARD, ..."
        ),
        Column("usage_policy_id", "string", "Usage policy, or budget policy as it was called"),
        Column(
            "notifications",
            "array<struct<event:string, emails:bigint, destinations:bigint>>",
            "Events of a run that are told, as on_failure, and to how many addresses and destinations",
        ),
        Column(
            "tasks",
            "array<struct<task_key:string, kind:string, job_cluster_key:string,"
            " existing_cluster_id:string, environment_key:string, max_retries:bigint,"
            " min_retry_interval_millis:bigint, retry_on_timeout:boolean, timeout_seconds:bigint,"
            " run_if:string, failure_recipients:bigint>>",
            "Tasks: what each is, where it runs, how often it is tried again (-1 is without end), and how"
            " many are told of its failure",
        ),
        Column(
            "clusters",
            "array<struct<job_cluster_key:string, task_key:string, spark_version:string,"
            " node_type_id:string, driver_node_type_id:string, num_workers:bigint,"
            " min_workers:bigint, max_workers:bigint, instance_pool_id:string,"
            " driver_instance_pool_id:string, policy_id:string, data_security_mode:string,"
            " runtime_engine:string, availability:string, first_on_demand:bigint>>",
            "Clusters that its runs make: by the key that tasks share, or by the task that has its own",
        ),
        Column(
            "environments",
            "array<struct<environment_key:string, environment_version:string, dependencies:bigint>>",
            "Serverless environments, with the number of their dependencies",
        ),
    ),
)
