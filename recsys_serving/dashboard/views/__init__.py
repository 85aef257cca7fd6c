"""The views, one a module; each is found here, and registers itself with `recsys_serving.dashboard.page.view`."""
