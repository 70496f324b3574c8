"""Whether each SQL alert can fire: one that is spelled as the format has it may still stay OK for ever."""

from collections.abc import Iterator

from pipeline.bundle.lint.documents import Documents, mapping
from pipeline.bundle.lint.fault import Fault


def alert_faults(documents: Documents) -> Iterator[Fault]:
    for alert in documents.resources("alerts"):
        evaluation = mapping(alert.value.get("evaluation"))
        source = mapping(evaluation.get("source"))
        display = source.get("display", source.get("name"))
        if display != source.get("name") and "aggregation" not in source:
            yield alert.fault(
                ".evaluation.source.display",
                "is not the column's name: without an aggregation such an alert never fires",
            )
        if evaluation.get("empty_result_state") == "UNKNOWN":
            yield alert.fault(
                ".evaluation.empty_result_state", "is UNKNOWN, which is being given up: write OK"
            )
        if alert.value.get("warehouse_id") == "":
            yield alert.fault(".warehouse_id", "is empty: an alert needs a warehouse")
