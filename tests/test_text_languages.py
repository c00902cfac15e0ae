"""Language codes in every spelling, and detection: clear cases fast, neighbours not mistaken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from align.errors import AlignError
from align.text import languages
from align.text.languages import SUPPORTED, Detected, detect_language, normalise_language

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

# Our own paragraphs: the first four decide by script and frequent words, the rest must not.
OURS = {
    "en": "The council has decided that the old bridge will be closed in March. Heavy lorries have "
    "not been allowed to use it for two years, and the engineers say that the repairs would "
    "cost more than a new one. People who live on the other side of the river are worried.",
    "de": "Der Stadtrat hat beschlossen, dass die alte Brücke im März geschlossen wird. Schwere "
    "Lastwagen dürfen sie seit zwei Jahren nicht mehr benutzen, und die Ingenieure sagen, "
    "dass die Reparatur teurer wäre als ein Neubau. Die Menschen auf der anderen Seite sind "
    "besorgt.",
    "fr": "Le conseil municipal a décidé que le vieux pont serait fermé en mars. Les camions lourds"
    " n'ont plus le droit de l'emprunter depuis deux ans, et les ingénieurs disent que les "
    "réparations coûteraient plus cher qu'un nouveau pont. Les habitants sont inquiets.",
    "zh": "市议会决定三月份关闭那座旧桥。两年来，重型卡车一直不准通行，工程师们说，"
    "修理它的费用比造一座新桥还要高。住在河对岸的人都很担心。",
}
FOREIGN = {
    "es": "El ayuntamiento ha decidido que el puente viejo se cerrará en marzo. Los camiones "
    "pesados no pueden usarlo desde hace dos años, y los ingenieros dicen que la reparación "
    "costaría más que un puente nuevo. La gente que vive al otro lado del río está "
    "preocupada.",
    "it": "Il consiglio comunale ha deciso che il vecchio ponte sarà chiuso a marzo. I camion "
    "pesanti non possono usarlo da due anni, e gli ingegneri dicono che la riparazione "
    "costerebbe più di un ponte nuovo. La gente che vive dall'altra parte del fiume è "
    "preoccupata.",
    "pt": "A câmara decidiu que a velha ponte será fechada em março. Os camiões pesados não a podem"
    " usar há dois anos, e os engenheiros dizem que a reparação custaria mais do que uma "
    "ponte nova. As pessoas que vivem do outro lado do rio estão preocupadas.",
    "ca": "L'ajuntament ha decidit que el pont vell es tancarà al març. Els camions pesants no el "
    "poden fer servir des de fa dos anys, i els enginyers diuen que la reparació costaria més"
    " que un pont nou. La gent que viu a l'altra banda del riu està preocupada.",
    "ro": "Consiliul local a hotărât că podul vechi va fi închis în martie. Camioanele grele nu îl "
    "mai pot folosi de doi ani, iar inginerii spun că reparația ar costa mai mult decât un "
    "pod nou. Oamenii care locuiesc pe celălalt mal al râului sunt îngrijorați.",
    "nl": "De gemeenteraad heeft besloten dat de oude brug in maart wordt gesloten. Zware "
    "vrachtwagens mogen er al twee jaar niet meer over, en de ingenieurs zeggen dat de "
    "reparatie meer zou kosten dan een nieuwe brug. De mensen aan de overkant zijn bezorgd.",
    "af": "Die stadsraad het besluit dat die ou brug in Maart gesluit sal word. Swaar vragmotors "
    "mag dit al twee jaar lank nie meer gebruik nie, en die ingenieurs sê dat die herstelwerk"
    " meer sou kos as 'n nuwe brug. Die mense aan die ander kant van die rivier is bekommerd.",
    "lb": "De Gemengerot huet decidéiert, datt déi al Bréck am Mäerz zougemaach gëtt. Schwéier "
    "Camionen däerfen zanter zwee Joer net méi driwwer fueren, an d'Ingenieuren soen, datt "
    "d'Reparatur méi deier wier wéi eng nei Bréck. D'Leit op der anerer Säit si besuergt.",
    "sv": "Kommunfullmäktige har beslutat att den gamla bron ska stängas i mars. Tunga lastbilar "
    "har inte fått köra över den på två år, och ingenjörerna säger att reparationen skulle "
    "kosta mer än en ny bro. De som bor på andra sidan av floden är oroliga.",
    "da": "Byrådet har besluttet, at den gamle bro skal lukkes i marts. Tunge lastbiler har ikke "
    "måttet køre over den i to år, og ingeniørerne siger, at reparationen ville koste mere "
    "end en ny bro. De, der bor på den anden side af floden, er bekymrede.",
    "pl": "Rada miasta zdecydowała, że stary most zostanie zamknięty w marcu. Ciężkie ciężarówki "
    "nie mogą po nim jeździć od dwóch lat, a inżynierowie mówią, że naprawa kosztowałaby "
    "więcej niż nowy most. Ludzie mieszkający po drugiej stronie rzeki są zaniepokojeni.",
    "la": "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, "
    "tertiam qui ipsorum lingua Celtae, nostra Galli appellantur. Hi omnes lingua, "
    "institutis, legibus inter se differunt.",
    "fi": "Kaupunginvaltuusto on päättänyt, että vanha silta suljetaan maaliskuussa. Raskaat "
    "kuorma-autot eivät ole saaneet käyttää sitä kahteen vuoteen, ja insinöörit sanovat, että"
    " korjaus maksaisi enemmän kuin uusi silta.",
    "id": "Dewan kota telah memutuskan bahwa jembatan tua itu akan ditutup pada bulan Maret. Truk "
    "berat tidak boleh melewatinya selama dua tahun, dan para insinyur mengatakan bahwa "
    "perbaikan akan lebih mahal daripada jembatan baru.",
    "ru": "Городской совет решил, что старый мост будет закрыт в марте. Тяжёлым грузовикам уже два "
    "года нельзя по нему ездить, и инженеры говорят, что ремонт обойдётся дороже нового "
    "моста.",
}


@pytest.mark.parametrize(
    ("code", "lang"),
    [
        ("en", "en"),
        ("EN", "en"),
        (" de ", "de"),
        ("en-GB", "en"),
        ("en_US.UTF-8", "en"),
        ("de_DE@euro", "de"),
        ("eng", "en"),
        ("deu", "de"),
        ("ger", "de"),
        ("fra", "fr"),
        ("fre", "fr"),
        ("fr-CA", "fr"),
        ("zh-Hans", "zh"),
        ("zho_Hans", "zh"),
        ("zh_CN", "zh"),
        ("zh-Hant-TW", "zh"),
        ("chi", "zh"),
        ("cmn", "zh"),
        ("yue", "yue"),
        ("arb", "ar"),
        ("spa_Latn", "es"),
        ("sr-Latn", "sr"),
        ("gsw", "gsw"),
        ("xx", "xx"),
    ],
)
def test_codes_become_short(code: str, lang: str) -> None:
    assert normalise_language(code) == lang


@pytest.mark.parametrize("code", ["", "e", "english", "12", "de/fr", "x-klingon", "und", "*"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(AlignError, match=r"is no code of a language; use one like en, de, fr, zh"):
        normalise_language(code)


def test_a_country_is_no_language() -> None:
    with pytest.raises(AlignError, match=r"'cn' is the code of a country; did you mean .* zh"):
        normalise_language("cn")


@pytest.mark.parametrize("lang", OURS)
def test_clear_documents_need_no_classifier(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "_by_classifier", lambda sample: pytest.fail("slow path"))
    found = detect_language(OURS[lang])
    assert found.lang == lang
    assert found.confidence >= 0.9
    assert detect_language(OURS[lang].upper()).lang == lang
    assert detect_language(OURS[lang] * 2000).lang == lang


@pytest.mark.parametrize("lang", FOREIGN)
def test_neighbours_go_to_the_classifier(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("py3langid")
    assert detect_language(FOREIGN[lang]).lang == lang
    monkeypatch.setattr(languages, "_by_classifier", lambda sample: Detected("slow path", 1.0))
    assert detect_language(FOREIGN[lang]).lang == "slow path"


def test_japanese_and_korean_are_not_chinese() -> None:
    assert detect_language("市議会は古い橋を三月に閉鎖することを決めた。").lang == "ja"
    assert detect_language("시의회는 오래된 다리를 3월에 폐쇄하기로 결정했다.").lang == "ko"


def test_foreign_words_in_a_document_do_not_count_for_much() -> None:
    names = " Sam Altman, OpenAI, The Verge, Microsoft."
    assert detect_language((OURS["zh"] + names) * 3).lang == "zh"
    assert detect_language(OURS["de"] * 3 + OURS["en"] + "桥").lang == "de"
    assert detect_language(OURS["en"] * 3 + OURS["zh"][:20]).lang == "en"


def test_a_long_document_is_looked_at_in_all_its_parts() -> None:
    preface = OURS["fr"] * 30
    assert detect_language(preface + OURS["de"] * 500).lang == "de"


@pytest.mark.parametrize("text", ["", " \n", "123 456.", "!?…", "12:30 – 13:45"])
def test_nothing_to_tell_by(text: str) -> None:
    assert detect_language(text) == Detected(None, 0.0)


def test_a_few_words_are_taken_for_a_supported_language() -> None:
    pytest.importorskip("py3langid")
    for text, lang in (
        ("Hello world", "en"),
        ("Guten Tag", "de"),
        ("Bonjour", "fr"),
        ("你好", "zh"),
        ("Il gatto è nero.", "it"),
    ):
        assert detect_language(text).lang == lang


def test_the_classifier_is_loaded_late_and_left_alone() -> None:
    code = (
        "import sys; from align.text.languages import detect_language as d;"
        f"assert d({OURS['de']!r}).lang == 'de'; assert 'py3langid' not in sys.modules;"
        f"assert d({FOREIGN['es']!r}).lang == 'es'; from py3langid import langid;"
        "assert langid.IDENTIFIER is None"
    )
    pytest.importorskip("py3langid")
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared texts are not here")
@pytest.mark.parametrize("lang", SUPPORTED)
def test_real_articles_are_decided_on_the_fast_path(
    lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "_by_classifier", lambda sample: pytest.fail("slow path"))
    lines = (SHARED / "eval/pud" / f"pud.{lang}").read_text("utf-8").splitlines()
    texts = ["\n".join(lines[i : i + 20]) for i in range(0, len(lines), 20)]
    texts.append((SHARED / "seeds" / f"{lang}.txt").read_text("utf-8"))
    assert {detect_language(text).lang for text in texts} == {lang}
