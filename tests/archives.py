"""Archives as CEPII makes them, and a host that sends them whole, in parts or badly.

Flows are those of the bundled tables put back into BACI's codes, or invented ones.
"""

import hashlib
import io
import re
import zipfile

import pandas as pd

from publishers import send
from rareearths import catalogue

RELEASE = "V202701"
HEADER = "t,i,j,k,v,q"
COUNTRIES = "country_code,country_name,country_iso2,country_iso3\n"


def year_name(year: int, release: str = RELEASE) -> str:
    return f"BACI_HS92_Y{year}_{release}.csv"


def codes_name(release: str = RELEASE) -> str:
    return f"country_codes_{release}.csv"


def countries() -> str:
    """The country table with every economy that BACI has, Taiwan under its odd code."""
    rows = catalogue.load("economies").dropna(subset=["baci_code"])
    lines = [
        f"{row.baci_code},Name of {row.economy},XX,{'S19' if row.economy == 'TWN' else row.economy}"
        for row in rows.itertuples()
    ]
    before = catalogue.load("economies").dropna(subset=["baci_code_before"])
    lines += [f"{row.baci_code_before},Before {row.economy},XX,NA" for row in before.itertuples()]
    return COUNTRIES + "\n".join(lines) + "\n"


def lines_of(flows: pd.DataFrame) -> pd.Series:
    """Our flows as lines of a year's file."""
    economies = catalogue.load("economies").set_index("economy")
    codes = {}
    for side in ("exporter", "importer"):
        now, before = (flows[side].map(economies[c]) for c in ("baci_code", "baci_code_before"))
        until = flows[side].map(economies["before_until"])
        codes[side] = now.where(~(flows["year"] <= until).fillna(False), before)
    value = (flows["value_usd"] / 1000).map("{:.3f}".format)
    weight = flows["quantity_t"].map("{:.3f}".format, na_action="ignore").fillna("         NA")
    parts = [flows["year"].astype(str), codes["exporter"], codes["importer"], flows["product"]]
    text = parts[0].astype("object")
    for part in (*parts[1:], value, weight):
        text = text + "," + part.astype("object")
    return text


def members_of(flows: pd.DataFrame, release: str = RELEASE, more: str = "") -> dict[str, str]:
    """The members of an archive with these flows; ``more`` are lines that every year has."""
    lines = lines_of(flows)
    members = {codes_name(release): countries(), "Readme.txt": f"Version : {release[1:]}\n"}
    for year, own in lines.groupby(flows["year"]):
        text = "\n".join([HEADER, *own]) + "\n" + more.replace("YEAR", str(year))
        members[year_name(year, release)] = text
    return members


def zipped(members: dict[str, str | bytes], more: list[tuple[str, str]] = ()) -> bytes:
    """An archive with these members; ``more`` may repeat a name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in [*members.items(), *more]:
            archive.writestr(name, text)
    return content.getvalue()


# A host of files: each function sends an answer, as the faults of `publishers` do.


def ranged(handler, body: bytes, until: int | None = None, **headers):
    """Send a file, or the rest of it when that is asked for and it is the same edition.

    ``until`` cuts the connection after so many bytes; an empty body is a file that is not there.
    """
    if not body:
        send(handler, b"<html>404 - File or directory not found.</html>", 404, "text/html")
        return
    tag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
    given = {"ETag": tag, "Accept_Ranges": "bytes"} | headers
    begin, status = 0, 200
    asked = re.fullmatch(r"bytes=([0-9]+)-", handler.headers.get("Range", ""))
    if asked and handler.headers.get("If-Range") == tag:
        begin, status = int(asked[1]), 206
        if begin >= len(body):
            send(handler, b"", 416)
            return
        given["Content_Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
    rest = body[begin:] if until is None else body[begin : begin + until]
    length = str(len(body) - begin)
    send(handler, rest, status, "application/zip", Content_Length=length, **given)


def cut_after(count: int):
    """Send a file, and end the connection after so many bytes."""
    return lambda handler, body: ranged(handler, body, until=count)
