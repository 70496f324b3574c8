"""MLflow: nights, models and their promotion, evaluations."""
