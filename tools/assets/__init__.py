"""What the browser is given by the dashboards at home, bundled from npm."""
