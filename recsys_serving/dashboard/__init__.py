"""The dashboard: the published release as pages for people, on the server that answers programs.

A view is one module of `recsys_serving.dashboard.views`, found there; what it shows it asks of the release, with one
file of ``sql/serving`` a question. Nothing here is imported before a server is started with its dashboard.
"""
