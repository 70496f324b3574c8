"""Billing records: usage with its metadata, the time when each landed, and corrections.

A correction is a RETRACTION, which repeats the original with the quantity negated, and a
RESTATEMENT with the right quantity; both land days later.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator import labels
from simulator.billing.job_usage import cluster_lines, pipeline_lines, serverless_lines
from simulator.billing.other_usage import other_lines, service_labels
from simulator.billing.prices import CLOUD, SKU_NAMES, SKU_UNITS, STORAGE
from simulator.billing.usage_lines import PRODUCTS, Lines, off_tie
from simulator.clock import DAY_US, HOUR_US, Bools, Ints
from simulator.columnar import concatenated, take_rows
from simulator.columns import (
    TAGS,
    coded,
    coded_ids,
    constant,
    dates,
    decimals,
    identifiers,
    struct_of,
    table_of,
    taken,
    timestamps,
)
from simulator.compute.clusters import shared_labels
from simulator.compute.hardware import NODE_NAMES
from simulator.compute.pipelines import pipeline_ids, update_ids
from simulator.config import generator
from simulator.history import History
from simulator.identity import WORKSPACE_IDS, cluster_ids, hex_ids, warehouse_ids

_RESTATED_SHARE = 0.9
_RECORD_TYPES = ("ORIGINAL", "RETRACTION", "RESTATEMENT")


@dataclass(frozen=True, slots=True)
class Records:
    """Usage records: the line of each, its type, its number, its quantity and when it lands."""

    line: Ints
    record: Ints
    kind: Ints
    pico: Ints
    landed_us: Ints


@dataclass(frozen=True, slots=True)
class Bill:
    """All usage up to the horizon, and the records of it."""

    lines: Lines
    records: Records

    def lines_of(self, rows: Ints | Bools) -> Lines:
        """The lines of the records at these rows, with the quantities of the records."""
        line = take_rows(self.lines, self.records.line[rows])
        return replace(line, pico=self.records.pico[rows])


def simulated_bill(history: History, correction_share: float) -> Bill:
    """Every record: an original within a day, corrections days or weeks after it."""
    rng = generator(history.seed, "billing")
    first_label = len(history.versions.job)
    original = concatenated(
        [
            cluster_lines(history),
            serverless_lines(history),
            pipeline_lines(history),
            other_lines(history, first_label),
        ]
    )
    rows = original.size
    delay_us = (rng.gamma(4, 1.5, rows).clip(1, 20) * HOUR_US).astype(np.int64)
    delay_us *= "latency" in history.quirks
    landed_us = original.end_us + delay_us
    # Landing is known to the day, which is never more than one after the day of usage.
    landed_us = np.minimum(landed_us, (original.start_us // DAY_US + 2) * DAY_US - 1)
    wrong = np.flatnonzero(
        (rng.random(rows) < correction_share) & ("corrections" in history.quirks)
    )
    days = np.where(
        rng.random(len(wrong)) < 0.6,
        rng.integers(1, 4, len(wrong)),
        rng.integers(8, 26, len(wrong)),
    )
    later_us = landed_us[wrong] + days * DAY_US
    # Usage that should never have been billed is retracted and not restated.
    restated = rng.random(len(wrong)) < _RESTATED_SHARE
    right = wrong[restated]
    pico = np.rint(original.pico[right] * rng.uniform(0.5, 1.4, len(right))).astype(np.int64)
    return Bill(
        original,
        Records(
            line=np.concatenate([np.arange(rows), wrong, right]),
            # A retraction repeats every field of the original, its id included.
            record=np.concatenate([np.arange(rows), wrong, rows + np.arange(len(right))]),
            kind=np.repeat([0, 1, 2], [rows, len(wrong), len(right)]),
            pico=np.concatenate([original.pico, -original.pico[wrong], off_tie(pico)]),
            landed_us=np.concatenate([landed_us, later_us, later_us[restated]]),
        ),
    )


def usage_table(history: History, bill: Bill, labelled: tuple[Any, Any], rows: Ints) -> Any:
    """system.billing.usage of the records at these rows; `labelled` is the result of `usage_labels`."""
    records = take_rows(bill.records, rows)
    line, count = bill.lines_of(rows), len(rows)
    tags, owners = labelled
    columns = {column.name: column for column in source.USAGE.columns}
    has_run, run = line.run >= 0, line.run
    job_ids, run_ids = np.append(history.ids.job, 0), np.append(history.ids.run, 0)
    of_cluster = line.cluster >= 0
    pipeline = np.append(history.updates.pipeline, -1)[line.update]
    metadata = {
        "cluster_id": coded_ids(cluster_ids, line.cluster),
        "job_id": identifiers(job_ids[run], has_run),
        "job_run_id": identifiers(run_ids[run], has_run & ~line.nameless),
        "job_name": coded_ids(history.versions.names, np.where(has_run, line.label, -1)),
        "node_type": coded(NODE_NAMES, line.node_type),
        "warehouse_id": warehouse_ids(line.warehouse),
        "dlt_pipeline_id": coded_ids(pipeline_ids, pipeline),
        "dlt_update_id": coded_ids(update_ids, line.update),
        "notebook_id": identifiers(4 * 10**14 + line.label, line.product == 3),
    }
    features = {
        "jobs_tier": coded(("CLASSIC",), np.zeros(count, dtype=np.int64), has_run & of_cluster),
        "is_serverless": pa.array(line.serverless),
        "is_photon": pa.array(line.photon | line.serverless),
        "performance_target": coded(
            ("STANDARD", "PERFORMANCE_OPTIMIZED"),
            line.label % 2 * ("serverless_modes" in history.quirks),
            has_run & line.serverless,
        ),
    }
    return table_of(
        source.USAGE,
        count,
        {
            "workspace_id": coded(WORKSPACE_IDS, line.workspace),
            "record_id": hex_ids(records.record, "record", digits=32),
            "sku_name": coded(SKU_NAMES, line.sku),
            "cloud": constant(CLOUD, count),
            "usage_start_time": timestamps(line.start_us),
            "usage_end_time": timestamps(line.end_us),
            "usage_date": dates(line.start_us),
            "custom_tags": taken(tags, np.maximum(line.label, 0), line.label >= 0),
            "usage_unit": coded(SKU_UNITS, line.sku),
            "usage_quantity": decimals(records.pico),
            "usage_metadata": struct_of(
                arrow_type(columns["usage_metadata"].type), count, metadata
            ),
            "identity_metadata": struct_of(
                arrow_type(columns["identity_metadata"].type),
                count,
                {
                    "run_as": coded(owners, line.label, has_run | (line.product == 3)),
                    "owned_by": coded(owners, line.label, line.product == 2),
                },
            ),
            "record_type": coded(_RECORD_TYPES, records.kind),
            "ingestion_date": dates(records.landed_us),
            "billing_origin_product": coded(PRODUCTS, line.product),
            "product_features": struct_of(
                arrow_type(columns["product_features"].type), count, features
            ),
            "usage_type": coded(
                ("COMPUTE_TIME", "STORAGE_SPACE"), (line.sku == STORAGE).astype(np.int64)
            ),
        },
    )


def usage_labels(history: History) -> tuple[Any, Any]:
    """Tags and owners in the order of the lines' labels: versions, shared clusters, services."""
    _, owners, tags = shared_labels(history.seed, history.clusters)
    service_owners, service_tags = service_labels(history.seed, history.workspaces)
    definitions = history.versions.definitions
    all_tags: list[labels.Tags] = [*(d.all_tags for d in definitions), *tags, *service_tags]
    return (
        pa.array(all_tags, type=TAGS),
        pa.array([*(d.owner for d in definitions), *owners, *service_owners], type=pa.string()),
    )
