"""How good forecasts of durations are, beside simple methods and controls, on any log of runs."""
