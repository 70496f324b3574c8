"""States become a model's artifact whichever engine they come from."""

from pathlib import Path

import pandas as pd

from pipeline.tracking.model_versions import write_states


def test_what_an_engine_hangs_on_a_frame_is_left_behind(tmp_path: Path) -> None:
    states = pd.DataFrame({"job_id": ["w/1"], "quantile_seconds": [[1.0, 2.0]]})
    states.attrs["metrics"] = object()
    write_states(states, tmp_path / "states.parquet")
    assert pd.read_parquet(tmp_path / "states.parquet")["quantile_seconds"][0].tolist() == [
        1.0,
        2.0,
    ]
