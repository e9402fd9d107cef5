"""Origins as Japan's customs name them, by economy.

A name comes with the customs code before it (``105_中華人民共和国``) and, of a territory, its
state in brackets. Most are the Japanese names of the table ``economies``; `EXCEPTIONS` are those
that customs write otherwise. What is no economy of its own there (the Azores, the Canary Islands,
"unknown", bonded warehouses) has no code, and neither has what nobody has looked at yet.
"""

import re
import unicodedata

import pandas as pd

EXCEPTIONS = {
    "大韓民国": "KOR",
    "中華人民共和国": "CHN",
    "ヨルダン川西岸及びガザ": "PSE",
    "英国": "GBR",
    "サンピエール及びミクロン": "SPM",
    "バーミュダ": "BMU",
    "タークス及びカイコス諸島": "TCA",
    "蘭領アンティール": "ANT",
    "英領バージン諸島": "VGB",
    "ドミニカ": "DMA",
    "セントクリストファー・ネービス": "KNA",
    "セントビンセント": "VCT",
    "英領アンギラ": "AIA",
    "サン・バルテルミー島": "BLM",
    "フォークランド諸島及びその附属諸島": "FLK",
    "ギニア・ビサウ": "GNB",
    "中央アフリカ": "CAF",
    "セントヘレナ及びその附属諸島": "SHN",
    "南アフリカ共和国": "ZAF",
    "クック": "COK",
    "トケラウ諸島": "TKL",
    "ソロモン": "SLB",
    "ピットケルン": "PCN",
    "マーシャル": "MHL",
    "ミクロネシア": "FSM",
}


def economy_by_name(names: list[str], economies: pd.DataFrame) -> dict[str, str]:
    """Find the economy of each name.

    Parameters
    ----------
    names : list of str
        As customs write them, code and brackets included.
    economies : pandas.DataFrame
        The table ``economies``.

    Returns
    -------
    dict of str to str
        ISO3 by name; a name without an economy is not in it.
    """
    japanese = (_plain(name) for name in economies["name_ja"])
    known = dict(zip(japanese, economies["economy"], strict=True))
    codes = known | {name: code for name, code in EXCEPTIONS.items() if code in set(known.values())}
    return {name: codes[_bare(name)] for name in names if _bare(name) in codes}


def _bare(name: str) -> str:
    """Return a name without its code and its state.

    Examples
    --------
    >>> _bare("301_グリーンランド（デンマーク）")
    'グリーンランド'
    """
    return re.sub(r"\(.*\)$", "", re.sub(r"^[0-9]+_", "", _plain(name)))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()
