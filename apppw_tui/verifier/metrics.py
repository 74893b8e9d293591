"""The figures of one daemon since it began, for whoever watches it.

An attempt adds to them in place, and enters nothing here; text is made of them only where somebody
asks, in Prometheus' text exposition format 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats). No label holds anything typed: a
service is one that the program or the configuration knows, and all else is `other`.
"""

import platform
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import apppw_tui
from apppw_tui.domain import scopes
from apppw_tui.domain.ports import Clock
from apppw_tui.verifier.decision import PAUSED, Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RESULTS = (*(answer.value for answer in Answer), PAUSED)
OTHER = "other"  # every service that is none of those that are known, and none at all
SAMPLE_EVERY = 15.0  # seconds
_MINUTE = 60.0  # seconds
_SAMPLES = 1 + round(_MINUTE / SAMPLE_EVERY)  # the oldest is a minute old, or a little more
_PREFIX = "apppw_tui_"

Labels = tuple[tuple[str, str], ...]


def _none_yet() -> Counter[tuple[str, str]]:
    """Zeroes: a rate can be told from the first answer on, where the series was there before it."""
    services = (*scopes.SERVICES, OTHER)
    return Counter({(name, result): 0 for name in services for result in RESULTS})


@dataclass
class Metrics:
    """The counters, written on the loop alone; `connections` has how many each socket has now."""

    clock: Clock
    answers: Counter[tuple[str, str]] = field(default_factory=_none_yet)  # service and result
    hashes: int = 0
    hash_seconds: float = 0.0
    queued: int = 0  # hashes whose turn came, or would have come too late
    queue_seconds: float = 0.0  # that they waited for it, all together
    remembered_hits: int = 0
    throttled: int = 0
    connections: Callable[[], Mapping[str, int]] = dict
    flush_trouble: Callable[[], str | None] = lambda: None  # of the last flush

    def __post_init__(self) -> None:
        self.started = self.clock.now()
        self._began = self.clock.monotonic()
        self._flushed: float | None = None  # monotonic seconds; None: never yet
        self._samples = deque([(self._began, self.results())], maxlen=_SAMPLES)

    @property
    def flush_age(self) -> float | None:
        """Seconds since all usage was written down; None, if it never was since the start."""
        if self._flushed is None:
            return None
        return max(0.0, self.clock.monotonic() - self._flushed)

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return self.clock.monotonic() - self._began

    def record_flush(self) -> None:
        """All that was heard of uses is on the disk."""
        self._flushed = self.clock.monotonic()

    def sample(self) -> None:
        """Notes how many answers there are by now; called every `SAMPLE_EVERY`."""
        self._samples.append((self.clock.monotonic(), self.results()))

    def results(self) -> Counter[str]:
        """The number of answers by result, to all services together."""
        totals = Counter(dict.fromkeys(RESULTS, 0))
        for (_, result), count in self.answers.items():
            totals[result] += count
        return totals

    def per_minute(self) -> dict[str, int]:
        """The number of answers by result in the last minute."""
        at, before = self._samples[0]
        share = _MINUTE / max(_MINUTE, self.clock.monotonic() - at)
        return {
            result: round((count - before[result]) * share)
            for result, count in self.results().items()
        }


@dataclass(frozen=True)
class Gauges:
    """The values of this moment."""

    queue_length: int
    threads: int
    remembered: int


@dataclass(frozen=True)
class _Family:
    """One metric with all that is measured of it: the end of a name, labels, and the value."""

    name: str
    kind: str
    help: str
    samples: Iterable[tuple[str, Labels, float]]


def exposition(metrics: Metrics, gauges: Gauges) -> bytes:
    """All figures, as Prometheus reads them."""
    return "".join(line for each in _families(metrics, gauges) for line in _lines(each)).encode()


def _families(metrics: Metrics, gauges: Gauges) -> Iterator[_Family]:
    versions = (("version", apppw_tui.__version__), ("python", platform.python_version()))
    yield _gauge("build_info", "The versions that run.", 1, versions)
    started = metrics.started.timestamp()
    yield _gauge("start_time_seconds", "When the daemon began, in Unix time.", started)
    yield _Family(
        "answers_total",
        "counter",
        "Answers to services, by service and result.",
        [
            ("", (("service", service), ("result", result)), count)
            for (service, result), count in sorted(metrics.answers.items())
        ],
    )
    yield _counter("hashes_total", "Argon2id hashes computed.", metrics.hashes)
    yield _counter("hash_seconds_total", "Time spent in computing them.", metrics.hash_seconds)
    yield _gauge("hash_threads", "Hashes that can be computed at once.", gauges.threads)
    yield _gauge("hash_queue_length", "Hashes that wait for their turn.", gauges.queue_length)
    yield _Family(
        "hash_queue_seconds",
        "summary",
        "Time that hashes waited for their turn.",
        [("_sum", (), metrics.queue_seconds), ("_count", (), metrics.queued)],
    )
    yield _gauge("remembered", "Right passwords that need no hash now.", gauges.remembered)
    hits = metrics.remembered_hits
    yield _counter("remembered_hits_total", "Attempts that needed no hash.", hits)
    throttled = metrics.throttled
    yield _counter("throttled_total", "Attempts refused after too many wrong ones.", throttled)
    yield _Family(
        "connections",
        "gauge",
        "Open connections, by socket.",
        [("", (("socket", name),), count) for name, count in metrics.connections().items()],
    )
    # An alert compares a number: where nothing was ever written, that is the time since the start.
    age = metrics.uptime if metrics.flush_age is None else metrics.flush_age
    yield _gauge("usage_flush_age_seconds", "Time since usage was written down, or the start.", age)


def _counter(name: str, help_: str, value: float) -> _Family:
    return _Family(name, "counter", help_, [("", (), value)])


def _gauge(name: str, help_: str, value: float, labels: Labels = ()) -> _Family:
    return _Family(name, "gauge", help_, [("", labels, value)])


def _lines(family: _Family) -> Iterator[str]:
    name = _PREFIX + family.name
    yield f"# HELP {name} {family.help}\n"
    yield f"# TYPE {name} {family.kind}\n"
    for end, labels, value in family.samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        yield f"{name}{end}{f'{{{inside}}}' if inside else ''} {value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
