"""What cluster would do the same work for less, without missing the limit?"""

from optimizer.rightsizing.candidates import Cluster
from optimizer.rightsizing.demand import demand, demand_of_histograms, histograms
from optimizer.rightsizing.fleet import recommend_many
from optimizer.rightsizing.recommend import Options, Policy, recommend
from optimizer.rightsizing.scaling import Scaling, fit_scaling

__all__ = [
    "Cluster",
    "Options",
    "Policy",
    "Scaling",
    "demand",
    "demand_of_histograms",
    "fit_scaling",
    "histograms",
    "recommend",
    "recommend_many",
]
