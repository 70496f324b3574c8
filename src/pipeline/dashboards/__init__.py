"""Dashboards: pages as declarations, their figures as SQL over Gold; what draws them adds no fact."""
