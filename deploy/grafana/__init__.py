"""Grafana's boards as code: `python -m deploy.grafana` writes the dashboards."""
