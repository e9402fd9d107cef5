"""A figure: what was measured, how often, and what was aimed at."""

import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured quantity.

    Attributes
    ----------
    name : str
    values : list of float
        One per repetition; empty when it could not be measured.
    unit : str
        ``"s"``, ``"MB"`` (10**6 bytes), ``"x"`` for a ratio, empty for a count.
    at_most, at_least : float, optional
        The target.
    note : str
        How it was measured, or what is odd about it.
    error : str
        Why it could not be measured.
    system : str
        Name of the way of rendering, for the table that shows them side by side; its seconds are
        those of all reports. Empty for any other figure.
    """

    name: str
    values: list[float]
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""
    error: str = ""
    system: str = ""

    def as_dict(self) -> dict:
        """Return the figure for JSON, with what follows from its values."""
        seen = {"median": None, "lowest": None, "highest": None}
        if self.values:
            middle = statistics.median(self.values)
            seen = {"median": middle, "lowest": min(self.values), "highest": max(self.values)}
        rounded = {key: value if value is None else round(value, 3) for key, value in seen.items()}
        values = [round(value, 3) for value in self.values]
        return asdict(self) | {"values": values} | rounded | {"verdict": self.verdict}

    @property
    def verdict(self) -> str:
        """Say whether the median meets the target; empty without one."""
        limit = self.at_most if self.at_most is not None else self.at_least
        if limit is None:
            return ""
        if not self.values:
            return "not measured"
        middle = statistics.median(self.values)
        met = middle <= limit if self.at_most is not None else middle >= limit
        if met:
            return "met"
        off = f"is {abs(middle / limit - 1):.0%} off" if limit else f"instead of {limit:g}"
        return f"missed: {middle:.3g} {off}"


@dataclass(frozen=True)
class Bench:
    """What topics are given.

    Attributes
    ----------
    runs : int
        Repetitions of the main figures; the others are measured once.
    scratch : pathlib.Path
        A folder for anything; it is removed at the end.
    peers : pathlib.Path
        Folder of the environment of the other systems.
    """

    runs: int
    scratch: Path
    peers: Path
    said: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Tell who waits what is being measured."""
        self.said.append(text)
        print(f"    {text}", flush=True)
