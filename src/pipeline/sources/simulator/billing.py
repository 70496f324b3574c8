"""Billing records: usage with its metadata, when each landed, and the corrections of some.

A correction is a RETRACTION, which repeats the original with the quantity negated, and a
RESTATEMENT with the right quantity; both land days later.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator import labels
from pipeline.sources.simulator.clock import DAY_US, HOUR_US, Ints
from pipeline.sources.simulator.clusters import shared_labels
from pipeline.sources.simulator.columns import (
    TAGS,
    coded,
    constant,
    dates,
    decimals,
    identifiers,
    struct_of,
    table_of,
    taken,
    timestamps,
)
from pipeline.sources.simulator.config import generator
from pipeline.sources.simulator.frame import chosen, joined
from pipeline.sources.simulator.hardware import NODE_NAMES
from pipeline.sources.simulator.history import History
from pipeline.sources.simulator.identity import WORKSPACE_IDS, hex_strings
from pipeline.sources.simulator.job_usage import cluster_lines, pipeline_lines, serverless_lines
from pipeline.sources.simulator.other_usage import other_lines, service_labels
from pipeline.sources.simulator.pipelines import pipeline_ids, update_ids
from pipeline.sources.simulator.prices import CLOUD, SKU_NAMES
from pipeline.sources.simulator.usage_lines import PRODUCTS, Lines, off_tie
from pipeline.tables import source
from pipeline.tables.derive import arrow_type

_RECORD_TYPES = ("ORIGINAL", "RETRACTION", "RESTATEMENT")


@dataclass(frozen=True, slots=True)
class Records:
    """Usage records that have landed: the lines, their type, their number and their day."""

    lines: Lines
    record: Ints
    kind: Ints
    landed_us: Ints


def landed_records(history: History, correction_share: float) -> Records:
    """Every record known by now: an original within a day, corrections one to four days later."""
    rng = generator(history.seed, "billing")
    first_label = len(history.versions.job)
    original = joined(
        [
            cluster_lines(history),
            serverless_lines(history),
            pipeline_lines(history),
            other_lines(history, first_label),
        ]
    )
    rows = original.size
    delay_us = (rng.gamma(4, 1.5, rows).clip(1, 20) * HOUR_US).astype(np.int64)
    landed_us = original.end_us + delay_us
    # Landing is known to the day, which is never more than one after the day of usage.
    landed_us = np.minimum(landed_us, (original.start_us // DAY_US + 2) * DAY_US - 1)
    wrong = np.flatnonzero(rng.random(rows) < correction_share)
    later_us = landed_us[wrong] + rng.integers(1, 4, len(wrong)) * DAY_US
    right = np.rint(original.pico[wrong] * rng.uniform(0.5, 1.4, len(wrong))).astype(np.int64)
    everything = chosen(original, np.concatenate([np.arange(rows), wrong, wrong]))
    pico = np.concatenate([original.pico, -original.pico[wrong], off_tie(right)])
    records = Records(
        lines=replace(everything, pico=pico),
        # A retraction repeats every field of the original, its id included.
        record=np.concatenate([np.arange(rows), wrong, rows + np.arange(len(wrong))]),
        kind=np.repeat([0, 1, 2], [rows, len(wrong), len(wrong)]),
        landed_us=np.concatenate([landed_us, later_us, later_us]),
    )
    known = np.flatnonzero(records.landed_us // DAY_US <= history.now_us // DAY_US)
    return Records(
        lines=chosen(records.lines, known),
        record=records.record[known],
        kind=records.kind[known],
        landed_us=records.landed_us[known],
    )


def usage_table(history: History, records: Records) -> Any:
    """system.billing.usage."""
    line, rows = records.lines, records.lines.size
    rng = generator(history.seed, "record_ids")
    record_ids = hex_strings(rng, int(records.record.max(initial=0)) + 1, "", 32)
    columns = {column.name: column for column in source.USAGE.columns}
    has_run, run = line.run >= 0, np.maximum(line.run, 0)
    of_cluster = line.cluster >= 0
    updates, pipelines = history.updates, history.pipelines
    pipeline = np.append(updates.pipeline, -1)[line.update]
    tags, owners = _labels(history)
    metadata = {
        "cluster_id": coded(history.clusters.ids, line.cluster),
        "job_id": identifiers(history.ids.job[run], has_run),
        "job_run_id": identifiers(history.ids.run[run], has_run),
        "job_name": coded(history.versions.names(), np.where(has_run, line.label, 0), has_run),
        "node_type": coded(NODE_NAMES, line.node_type),
        "warehouse_id": identifiers(10**15 + line.warehouse * 7919, line.warehouse >= 0),
        "dlt_pipeline_id": coded(pipeline_ids(history.seed, pipelines.size), pipeline),
        "dlt_update_id": coded(update_ids(history.seed, updates.size), line.update),
        "notebook_id": identifiers(4 * 10**14 + line.label, line.product == 3),
    }
    features = {
        "jobs_tier": coded(("CLASSIC",), np.zeros(rows, dtype=np.int64), has_run & of_cluster),
        "is_serverless": pa.array(line.serverless),
        "is_photon": pa.array(line.photon | line.serverless),
        "performance_target": coded(
            ("PERFORMANCE_OPTIMIZED", "STANDARD"), line.label % 2, has_run & line.serverless
        ),
    }
    return table_of(
        source.USAGE,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, line.workspace),
            "record_id": taken(record_ids, records.record),
            "sku_name": coded(SKU_NAMES, line.sku),
            "cloud": constant(CLOUD, rows),
            "usage_start_time": timestamps(line.start_us),
            "usage_end_time": timestamps(line.end_us),
            "usage_date": dates(line.start_us),
            "custom_tags": taken(tags, np.maximum(line.label, 0), line.label >= 0),
            "usage_unit": constant("DBU", rows),
            "usage_quantity": decimals(line.pico),
            "usage_metadata": struct_of(arrow_type(columns["usage_metadata"].type), rows, metadata),
            "identity_metadata": struct_of(
                arrow_type(columns["identity_metadata"].type),
                rows,
                {
                    "run_as": coded(owners, line.label, has_run | (line.product == 3)),
                    "owned_by": coded(owners, line.label, line.product == 2),
                },
            ),
            "record_type": coded(_RECORD_TYPES, records.kind),
            "ingestion_date": dates(records.landed_us),
            "billing_origin_product": coded(PRODUCTS, line.product),
            "product_features": struct_of(
                arrow_type(columns["product_features"].type), rows, features
            ),
            "usage_type": constant("COMPUTE_TIME", rows),
        },
    )


def _labels(history: History) -> tuple[Any, Any]:
    """Tags and owners in the order of the lines' labels: versions, shared clusters, services."""
    _, owners, tags = shared_labels(history.seed, history.clusters)
    service_owners, service_tags = service_labels(history.seed, history.workspaces)
    definitions = history.versions.definitions
    all_tags: list[labels.Tags] = [*(d.all_tags for d in definitions), *tags, *service_tags]
    return (
        pa.array(all_tags, type=TAGS),
        pa.array([*(d.owner for d in definitions), *owners, *service_owners], type=pa.string()),
    )
