"""How well strange runs are found, by ours, by rules that people use and by controls, on any log of runs."""
