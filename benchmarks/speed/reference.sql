CREATE TABLE attempts AS
WITH numbered AS (
  SELECT *, count(result_state) OVER (PARTITION BY workspace_id, run_id ORDER BY period_start_time, period_end_time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS attempt
  FROM read_parquet('{export}/lakeflow/job_run_timeline/*.parquet', union_by_name = true)
)
SELECT workspace_id, run_id, attempt, max(job_id) AS job_id, max(run_type) AS run_type, max(run_name) AS run_name,
       min(period_start_time) AS started_at, max(period_end_time) AS seen_until,
       sum(epoch_us(period_end_time) - epoch_us(period_start_time)) / 1e6 AS duration_seconds,
       max(result_state) AS result_state, max(termination_code) AS termination_code, count(*) AS slices
FROM numbered GROUP BY ALL;
CREATE TABLE runs AS
SELECT workspace_id, run_id, max(job_id) AS job_id, min(started_at) AS started_at, max(seen_until) AS ended_at,
       sum(duration_seconds) AS busy_seconds, count(*) - 1 AS repairs, arg_max(coalesce(result_state, 'IN_FLIGHT'), attempt) AS status,
       arg_min(duration_seconds, attempt) FILTER (result_state = 'SUCCEEDED') AS first_success_seconds,
       min(seen_until) FILTER (result_state = 'SUCCEEDED') AS first_success_at
FROM attempts GROUP BY ALL;
CREATE TABLE task_runs AS
SELECT workspace_id, run_id AS task_run_id, max(job_id) AS job_id, max(job_run_id) AS run_id, max(task_key) AS task_key,
       min(period_start_time) AS started_at, max(period_end_time) AS seen_until,
       sum(epoch_us(period_end_time) - epoch_us(period_start_time)) / 1e6 AS duration_seconds, max(result_state) AS result_state,
       list_distinct(flatten(list(compute_ids))) AS cluster_ids
FROM read_parquet('{export}/lakeflow/job_task_run_timeline/*.parquet', union_by_name = true) GROUP BY ALL;
CREATE TABLE run_clusters AS
SELECT workspace_id, run_id, cluster_id, min(started_at) AS used_from, max(seen_until) AS used_until
FROM (SELECT workspace_id, run_id, started_at, seen_until, unnest(cluster_ids) AS cluster_id FROM task_runs) GROUP BY ALL;
CREATE TABLE run_utilisation AS
WITH used AS (
  SELECT c.workspace_id, c.run_id, c.cluster_id, n.driver, n.start_time, n.cpu_user_percent + n.cpu_system_percent AS cpu, n.mem_used_percent AS mem, n.mem_swap_percent AS swap
  FROM read_parquet('{export}/compute/node_timeline/*.parquet', union_by_name = true) n
  JOIN run_clusters c ON c.workspace_id = n.workspace_id AND c.cluster_id = n.cluster_id AND n.start_time < c.used_until AND n.end_time > c.used_from
)
SELECT workspace_id, run_id, cluster_id, driver, count(*) AS node_minutes, count(DISTINCT start_time) AS clock_minutes,
       histogram(floor(least(greatest(cpu, 0), 100))) AS cpu_histogram, histogram(floor(least(greatest(mem, 0), 100))) AS mem_histogram,
       avg(cpu) AS cpu_mean, max(mem) AS mem_max, max(swap) AS swap_max
FROM used GROUP BY ALL;
CREATE TABLE usage_costs AS
WITH prices AS (
  SELECT *, least(price_end_time, lead(price_start_time) OVER (PARTITION BY sku_name, cloud, usage_unit ORDER BY price_start_time)) AS valid_to
  FROM read_parquet('{export}/billing/list_prices/*.parquet') WHERE currency_code = 'USD'
)
SELECT u.usage_date, u.workspace_id, u.usage_metadata.job_id AS job_id, u.usage_metadata.job_run_id AS run_id, u.usage_metadata.cluster_id AS cluster_id,
       u.billing_origin_product AS product, u.sku_name, u.cloud, u.usage_unit, element_at(u.custom_tags, 'team') AS tag_team,
       sum(u.usage_quantity::DECIMAL(18,9)) AS quantity,
       sum(u.usage_quantity::DECIMAL(18,9) * p.pricing.effective_list."default"::DECIMAL(18,9)) AS list_cost
FROM read_parquet('{export}/billing/usage/*.parquet', union_by_name = true) u
LEFT JOIN prices p ON p.sku_name = u.sku_name AND p.cloud = u.cloud AND p.usage_unit = u.usage_unit
  AND u.usage_start_time >= p.price_start_time AND (p.valid_to IS NULL OR u.usage_start_time < p.valid_to)
GROUP BY ALL;
CREATE TABLE run_costs AS
SELECT workspace_id, run_id, sum(list_cost) AS list_cost FROM usage_costs WHERE run_id IS NOT NULL GROUP BY ALL;
CREATE TABLE job_daily AS
SELECT workspace_id, job_id, started_at::DATE AS run_date, count(*) AS runs, count(*) FILTER (status = 'SUCCEEDED') AS succeeded,
       count(*) FILTER (status = 'FAILED') AS failed, sum(repairs) AS repairs, quantile_cont(first_success_seconds, [0.5, 0.95]) AS quantiles
FROM runs GROUP BY ALL;
CREATE TABLE job_weekly AS
SELECT workspace_id, job_id, date_trunc('week', started_at) AS run_week, count(*) AS runs, quantile_cont(first_success_seconds, [0.5, 0.95]) AS quantiles
FROM runs GROUP BY ALL;
CREATE TABLE cost_daily AS
SELECT usage_date, workspace_id, job_id, product, tag_team, sum(list_cost) AS list_cost FROM usage_costs GROUP BY ALL;
CREATE TABLE team_cost_daily AS
SELECT usage_date, tag_team, sum(list_cost) AS list_cost FROM cost_daily GROUP BY ALL;
