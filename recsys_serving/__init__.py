"""What people and products call: the lists of the published release over HTTP.

It reads releases and what lies beside them, and knows no orchestrator, no model and no second database.
"""

import recsys_assets  # noqa: F401  # Before FastAPI: it turns off what libraries would report.
