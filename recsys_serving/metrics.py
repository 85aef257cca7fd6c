"""What the server counts, as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Upper bounds of the latencies' buckets, in seconds."""


@dataclass
class Metrics:
    """Counts since the start of the process."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """By method, route and status."""
    buckets: dict[str, list[int]] = field(default_factory=dict)
    """By route, as `BOUNDS` and one above."""
    seconds: Counter[str] = field(default_factory=Counter)
    """Sum of latencies by route."""
    fallbacks: Counter[str] = field(default_factory=Counter)
    """Answers that a user's own list did not give alone: `segment` and `trending` of unknown users, `filled` lists."""
    events: Counter[str] = field(default_factory=Counter)
    """Events by what became of them: accepted, repeated, refused."""

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self.requests[method, route, status] += 1
        if route not in self.buckets:
            self.buckets[route] = [0] * (len(BOUNDS) + 1)
        self.buckets[route][bisect_left(BOUNDS, seconds)] += 1
        self.seconds[route] += seconds  # type: ignore[assignment]  # A Counter of floats.

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """All counts as text.

        Parameters
        ----------
        gauges
            Further figures by name: what each says, and its value.
        """
        lines = ["# HELP recsys_requests_total Answers.", "# TYPE recsys_requests_total counter"]
        lines += [
            f'recsys_requests_total{{method="{method}",route="{route}",status="{status}"}} {n}'
            for (method, route, status), n in sorted(self.requests.items())
        ]
        name = "recsys_request_seconds"
        lines += [f"# HELP {name} Latency by route, in seconds.", f"# TYPE {name} histogram"]
        for route, counts in sorted(self.buckets.items()):
            bounds = [*map(str, BOUNDS), "+Inf"]
            lines += [f'{name}_bucket{{route="{route}",le="{b}"}} {sum(counts[: i + 1])}' for i, b in enumerate(bounds)]
            lines += [f'{name}_sum{{route="{route}"}} {self.seconds[route]:.6f}']
            lines += [f'{name}_count{{route="{route}"}} {sum(counts)}']
        for name, label, help_text, counter in (
            ("recsys_fallbacks_total", "source", "Answers that a user's own list did not give alone.", self.fallbacks),
            ("recsys_events_total", "outcome", "Events of feedback.", self.events),
        ):
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} counter"]
            lines += [f'{name}{{{label}="{key}"}} {n}' for key, n in sorted(counter.items())]
        for name, (help_text, value) in gauges.items():
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge", f"{name} {value:.3f}"]
        return "\n".join(lines) + "\n"
