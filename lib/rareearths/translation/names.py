"""Names of economies, materials and goods: the data tables hold them in each language."""

import csv

from rareearths import catalogue

TABLES = {"economies": "name", "materials": "name", "products": "label"}


def names(language: str) -> dict[str, str]:
    """Return the name in another language by English name.

    The files are read past the catalogue: a name is no figure, and no page rests on the language
    that it is read in.
    """
    found = {}
    for table, column in TABLES.items():
        with catalogue.tables()[table].file.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                english, other = row[f"{column}_en"], row[f"{column}_{language}"]
                if english and other:
                    found.setdefault(english, other)
                    if hs6 := row.get("hs6"):
                        found.setdefault(f"{english} (HS {hs6})", f"{other}（HS {hs6}）")
                    if row.get("with_article") == "true":
                        found.setdefault(f"the {english}", other)
    return found
