"""The US Census Bureau and Eurostat on loopback: pages for `publishers.Publisher`.

Every value is invented. The shapes are the documented ones, with the traps: totals and groups among
countries, text in the place of numbers, a code list of all years, refusals that have status 200.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

CENSUS_PATH, COMEXT_PATH = "/imports/hs", "/sdmx"
KEYLESS = "/data/missing_key.html"
TOO_BIG = (
    b'<?xml version="1.0"?><S:Fault><faultcode>413</faultcode><faultstring>EXTRACTION_TOO_BIG: '
    b"estimated 6000000 rows, max authorised is 5000000</faultstring></S:Fault>"
)
QUEUED = b'<?xml version="1.0"?><S:Fault><faultstring>ASYNCHRONOUS_RESPONSE</faultstring></S:Fault>'


@dataclass
class Census:
    """Rows ``(month, code, country, name, value, quantity, unit, flag)``; all but the names text.

    Attributes
    ----------
    rows : list of tuple
    alter : callable or None
        Changes a good answer, a list of lists.
    """

    rows: list = field(default_factory=list)
    alter: Callable | None = None

    def page(self, path: str, query: dict) -> tuple[int, bytes, str]:
        first, last = query["time"].removeprefix("from ").split(" to ")
        product = query["I_COMMODITY"].removesuffix("*")
        chosen = [r for r in self.rows if first <= r[0] <= last and r[1].startswith(product)]
        if not chosen:
            return 204, b"", "application/json"
        header = [*query["get"].split(","), "I_COMMODITY", "COMM_LVL", "SUMMARY_LVL", "time"]
        answer = [header, *([*self._cells(r), r[1], "HS10", "DET", r[0]] for r in chosen)]
        data = self.alter(answer) if self.alter else answer
        return 200, json.dumps(data).encode(), "application/json;charset=utf-8"

    @staticmethod
    def _cells(row: tuple) -> list:
        _month, code, country, name, value, quantity, unit, flag = row
        return [country, name, code, value, quantity, flag, unit]


@dataclass
class Comext:
    """Cells ``(reporter, partner, product, month, indicator, value)``, all of them text.

    Attributes
    ----------
    cells : list of tuple
    codes : list of str
        The lines of the code list.
    most : int
        Most months of one answer; more is refused, by ``refusal``.
    refusal : (int, bytes)
        Status and body.
    alter : callable or None
        Changes a good answer, which is text.
    """

    cells: list = field(default_factory=list)
    codes: list = field(default_factory=list)
    most: int = 99
    refusal: tuple = (413, TOO_BIG)
    updated: str = "15/01/27 11:00:00"
    alter: Callable | None = None

    def page(self, path: str, query: dict) -> tuple[int, bytes, str]:
        if path.endswith("/codelist/ESTAT/CXT_NC"):
            text = "".join(f"{code}\tGoods of {code}\r\n" for code in self.codes)
            return 200, text.encode(), "text/tab-separated-values"
        _freq, reporter, partners, products, flow, indicators = path.rsplit("/", 1)[1].split(".")
        first, last = query["startPeriod"], query["endPeriod"]
        months = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
        if months > self.most:
            return *self.refusal, "text/xml"
        chosen = [
            cell
            for cell in self.cells
            if cell[0] == reporter
            and partners == ""
            and cell[2] in products.split("+")
            and first <= cell[3] <= last
            and cell[4] in indicators.split("+")
        ]
        header = "DATAFLOW,LAST UPDATE,freq,reporter,partner,product,flow,indicators,TIME_PERIOD,"
        lines = [
            f"ESTAT:DS-045409(1.0),{self.updated},M,{r},{p},{code},{flow},{what},{month},{value}"
            for r, p, code, month, what, value in chosen
        ]
        text = "\r\n".join([header + "OBS_VALUE", *lines, ""])
        text = self.alter(text) if self.alter else text
        return 200, text.encode(), "application/vnd.sdmx.data+csv;version=1.0.0"
