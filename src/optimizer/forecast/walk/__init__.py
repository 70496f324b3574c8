"""The online walk along one job's runs: what is kept of it, and what answers are made of."""
