"""The walk along one job's runs in order of time: a forecast of each, learning from those that ended."""
