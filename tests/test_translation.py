"""Translation: sentences with open places, quantities, what stays as it is, and the messages."""

import re
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numbers_of import numbers_of
from rareearths import catalogue, figures, trade, translation
from rareearths.figures import spec
from rareearths.translation import language, messages, names, quantities, sentences

FOLDER = language._FOLDER / "ja"


@pytest.fixture(autouse=True)
def english_again():
    yield
    translation.speak("en")


def filled(source, target, text, **known):
    """What a message makes of a text, where only the known words can stand in a place."""
    message = messages._message(source, target)
    return message.fill(text, lambda part, kind: part if kind == "raw" else known.get(part))


def test_the_code_of_a_bloc_is_said_once():
    translation.speak("ja")
    blocs = catalogue.load("blocs").set_index("bloc")["name"]
    said = {code: translation.said(f"{name} ({code})") for code, name in blocs.items()}
    assert translation.missed() == []
    assert [text for code, text in said.items() if text.count(code) != 1] == []


def test_a_code_stays_where_its_name_says_the_same():
    assert translation.said("natural graphite (graphite)", "ja") == "天然黒鉛（graphite）"
    assert translation.said("rare earths (rare_earths)", "ja") == "レアアース（rare_earths）"


def test_goods_with_their_code_are_said_as_in_the_table():
    translation.speak("ja")
    labels = trade.product_labels("ja")
    for code in trade.product_codes():
        assert translation.said(trade.product_in_text(code)) == f"{labels[code]}（HS {code}）"


def test_a_place_takes_only_what_has_a_translation():
    source, target = "{who} and {whom} met {place}.", "{place}で{who}と{whom}が会った。"
    known = {"Ann": "アン", "Bob and Co": "ボブ社", "here": "ここ"}
    assert (
        filled(source, target, "Ann and Bob and Co met here.", **known)
        == "ここでアンとボブ社が会った。"
    )
    assert filled(source, target, "Ann and Eve met here.", **known) is None
    assert filled(source, target, "Ann and Bob and Co met here", **known) is None


def test_a_raw_place_stays_as_it_is():
    assert filled("Plant {name:raw}", "工場{name}", "Plant La Rochelle") == "工場La Rochelle"


def test_braces_in_a_value_are_no_places():
    assert filled("Say {it:raw}.", "{it}と言う。", "Say {it}.") == "{it}と言う。"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("{a}{b} of it", "{a}{b}"),
        ("{a} of it", "{b}"),
        ("{a} of it", "一つ"),
        ("{a} of {a}", "{a}"),
    ],
)
def test_a_message_with_other_places_is_refused(source, target):
    with pytest.raises(messages.MessageError):
        messages._message(source, target)


def test_the_most_particular_message_wins():
    known = messages.Messages({"{a:raw} fell": "{a}一般", "{a:raw} of gold fell": "{a}金"})
    first = known.patterns("Price of gold fell")[0]
    assert first.fill("Price of gold fell", lambda text, kind: text) == "Price金"


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("$1.2 billion", "12億ドル"),
        ("$12.3 million", "1,230万ドル"),
        ("$950.0 million", "9.5億ドル"),
        ("−$5,210", "−5,210ドル"),
        ("$12.19 per kg", "12.19ドル/kg"),
        ("18,600 tonnes", "18,600トン"),
        ("3.2 times", "3.2倍"),
        ("28.4 percentage points", "28.4ポイント"),
        ("7 September 2010", "2010年9月7日"),
        ("September 2010", "2010年9月"),
        ("2010-09-07", "2010年9月7日"),
        ("20% to 52%", "20%〜52%"),
        ("$25 to $800 million", "2,500万ドル〜8億ドル"),
        ("more than 3 months", "3か月超"),
        ("14% (11% to 15%)", "14%（11%〜15%）"),
        ("+28.4", "+28.4"),
    ],
)
def test_quantities(english, japanese):
    assert quantities.japanese(english) == japanese


@pytest.mark.parametrize(
    "text", ["", "from 2017", "May", "tonnes", "in Japan", "1 or", "to 5", "Nd2Fe14B"]
)
def test_no_quantity(text):
    assert quantities.japanese(text) is None


@given(st.decimals("0.1", "99999", places=1), st.sampled_from(["million", "billion"]))
def test_an_amount_keeps_its_value(number, size):
    made = quantities.japanese(f"${number:,} {size}")
    digits, word = re.fullmatch(r"([\d,.]+)(兆|億|万|)ドル", made).groups()
    power = {"兆": 12, "億": 8, "万": 4, "": 0}[word]
    value = number.scaleb({"million": 6, "billion": 9}[size])
    assert Decimal(digits.replace(",", "")).scaleb(power) == value


def test_names_come_from_the_tables_with_and_without_article():
    known = names.names("ja")
    assert known["Japan"] == trade.economy_names("ja")["JPN"]
    assert known["the United States"] == known["United States"] == trade.economy_names("ja")["USA"]


def test_an_unknown_language_is_refused():
    with pytest.raises(translation.Untold, match="'fr' is not one of en, ja"):
        translation.speak("fr")


def test_what_has_no_translation_stays_and_is_remembered():
    translation.speak("ja")
    assert translation.said("Blorp fizzed the quux.") == "Blorp fizzed the quux."
    assert translation.missed() == ["Blorp fizzed the quux."]
    translation.speak("ja")
    assert translation.missed() == []


def test_english_is_never_touched():
    assert translation.said("Japan") == "Japan"
    assert translation.said("Japan", "ja") == "日本"


def test_a_list_and_its_marks():
    translation.speak("ja")
    assert (
        translation.said("**Japan**, China (12%) and Taiwan")
        == "<strong>日本</strong>、中国（12%）、台湾"
    )


def test_sentences_are_cut_where_they_end():
    text = "It fell by 3.5 points (U.S. Census). **Why?** See No. 4. 2010 was worse."
    cut = ["It fell by 3.5 points (U.S. Census).", "**Why?**", "See No. 4.", "2010 was worse."]
    assert sentences.sentences(text) == cut


def test_of_a_page_code_scripts_and_english_stay():
    page = (
        "<html lang=\"ja\"><p aria-label='Japan'> Japan <code>Japan</code></p>"
        "<script>Japan</script><p lang='en'>Japan <b>Japan</b></p><p>Japan</p>"
        "<svg><path d='M0'/><text>Japan</text></svg><p>Japan<br>Japan</p>"
    )
    assert translation.translated(page, "ja") == (
        '<html lang="ja"><p aria-label="日本"> 日本 <code>Japan</code></p>'
        "<script>Japan</script><p lang='en'>Japan <b>Japan</b></p><p>日本</p>"
        "<svg><path d='M0'/><text>Japan</text></svg><p>日本<br>日本</p>"
    )


def test_a_page_in_english_is_the_same():
    page = "<p>Japan</p>"
    assert translation.translated(page, "en") == page


def test_no_place_holds_the_end_of_a_sentence():
    """Else what stays as it is would swallow the sentences that follow."""
    known = messages.Messages({"Firms: {names:raw}.": "企業：{names}。"})
    (message,) = known.patterns("Firms: Acme. Then B fell.")
    assert message.fill("Firms: A (Tokyo).", lambda text, kind: text) == "企業：A (Tokyo)。"
    assert message.fill("Firms: Acme. Then B fell.", lambda text, kind: text) is None


def test_the_letters_of_a_figure_are_translated():
    translation.speak("ja")
    axes = figures.canvas()
    axes.plot([2023, 2024], [1, 2])
    axes.set_yticks([1, 2], ["Japan", "the United\nStates"])
    axes.set_title("China 45%")
    figures.show(axes, title="t", subtitle="s", source="s", alt="a", data=pd.DataFrame({"n": [1]}))
    assert axes.get_title() == "中国 45%"
    assert [label.get_text().replace("\n", "") for label in axes.get_yticklabels()] == [
        "日本",
        "米国",
    ]


def test_a_chart_says_a_name_the_same_wherever_it_stands():
    translation.speak("ja")
    chart = {
        "data": {"values": [{"who": "Japan", "colour": "#abcdef", "share": 0.5}]},
        "encoding": {"color": {"field": "who", "scale": {"domain": ["Japan"], "range": ["Japan"]}}},
        "params": [{"name": "Japan", "bind": {"input": "select", "options": [None, "Japan"]}}],
    }
    said = spec.translated(chart)
    assert said["data"]["values"] == [{"who": "日本", "colour": "#abcdef", "share": 0.5}]
    assert said["encoding"]["color"]["scale"] == {"domain": ["日本"], "range": ["Japan"]}
    assert said["params"] == [
        {"name": "Japan", "bind": {"input": "select", "options": [None, "日本"]}}
    ]


def test_the_font_of_a_page_has_its_signs():
    import base64
    import io

    from fontTools.ttLib import TTFont

    address = translation.part("希土類 rare earths")
    font = TTFont(io.BytesIO(base64.b64decode(address.split(",", 1)[1])))
    assert {chr(code) for code in font.getBestCmap()} == set("希土類")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda path: path.stem)
def test_a_message_file_can_be_read_and_keeps_the_numbers(path):
    for source, target in messages._entries(path).items():
        assert target, f"{path.name}: no translation of {source!r}"
        assert numbers_of(source) == numbers_of(target), f"{path.name}: {source!r}"


def test_all_messages_together():
    assert len(messages.read(FOLDER)) > 1000
