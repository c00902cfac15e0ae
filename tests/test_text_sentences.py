"""Splitting: a table of hard cases, exact spans, and properties of any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.text.sentences import presplit_sentences, spans_of, split_sentences

# One case a line, `|` where a sentence ends; the white space around it is part of the text.
ENGLISH = """
Mr. Smith met Mrs. Jones.| They talked.
She lives in the U.S.| She works there.
I?| Never!| A?| B!
He sang in Help! (1965) and Why? (1970).| Nothing else.
The U.S. Army and the U.S. Senate agreed.
He came at 5 p.m. Tuesday.| It rained.
He came at 5 p.m.| The rain had stopped.
It was J. R. R. Tolkien who wrote it.| He was a professor.
1. Open the box.| 2. Take it out.| 3. Close the box.
Do this: 1. Open the box.| 2. Close it.
(a) One thing.| (b) Another thing.
“I am here.| I am tired.| Let us go,” he said.
"I am here.| I am tired.| Let us go," he said.
"Why?" he asked.| "Why not?" she replied.
"Why?" Smith asked.| Nobody knew.
"Stop!" Mary Ann Miller cried.| He stopped.
"Stop!"| He stopped.
‘Is that so?’| ‘It is.’
He said, “It is done.”| Then he left.
Pi is 3.14 and e is 2.72.| Both are irrational.
See www.example.com/a.b?c=d.| Or write to a.b@example.org.| Thanks!
Version 2.0 is out.| Version 2.1 follows.
It costs $5.50.| $3 is enough.
The company, Foo Inc., grew.| Bar Corp. Chairman Lee left.
He works for Foo Inc.| The pay is good.
See Fig. 3 and No. 5 on p. 12.| They differ.
Did she say no?| She did say no.| Five people heard it.
Wait... what?| I do not know...| The end came.
Really?!| Yes!!!| Good.
He left (it was late).| She stayed.
(He left.)| (She stayed.)
He said (oh wonder!) That was it.
It is on St. Mary's Ave. near Dr. Brown.| Go there.
Ph.D. students and M.A. students came.| So did we.
He met Sen. Warren, Rep. Lee and Gen. Grant on Jan. 5.| It was cold.
It was 1999.| The party went on.| 20 people came.
The text says so.[1]| The other one does not.[2][3]| Why?
He is 6 ft. tall.| She is 5 ft. 4 in. tall.
e.g. this, i.e. that, etc. and so on.| Next.
World War I ended.| World War II began.
I asked Bill.| Then I asked J. Edgar Hoover.
What is it?| – A box.| – A box?
She said .| He said " yes " .| They left .
I was . . . tired.| Very.
"It is late."| "It is."| She yawned.
He left at 9 p.m.| Police came at 11 p.m.| Officers found him at 7 a.m. Monday.
It closes at 5 p.m. EST.| The store opens at 9 a.m.| Visitors may park there.| Go by 6.30p.m.| Bye.
Sen. Lindsey Graham, R-S.C., met Rep. Adam Schiff (D-Calif.) on Sept. 30.| They talked.
Lt. Gov. Dan Patrick and Atty. Gen. Ken Paxton met Natl. Guard Maj. Gen. Smith.
The No. 1 seed, No. 5 LSU and St. John's met in St. Paul.| He was ranked No. 3.| Fine.
The Cubs won 10-2, 3-6, 7-6 (7-5).| The Brewers lost 11-0.| 15 others lost.
Yahoo! Chairman Lee resigned.| Yahoo! Inc. was sold.| He left Yahoo! in May.| It was E! News.
"We won!" Lee said.| "We did."| "Did we?" Jo Ann Roe asked.
J.K. Rowling met J. K. Simmons, J . K . Smith, George H.W. Bush and John F. Kennedy Jr. in D.C.
He tweeted: "I quit.| Good luck."| iPhone sales fell.| eBay rose.
Police in Washington D.C. said so.| He went to the U.S.| The U.N. Security Council met.
He is No. 10 in Vol. 3, No. 2.| See pp. 5-7.| Roe v. Wade was decided in 1973.
"""

GERMAN = """
Die 2. Auflage erschien 1998.| Die 3. Auflage folgt.
Am 19. Jh. ist nichts falsch.
Es war im 19. Jh.| Das war lange her.
s. Abb. 3 und Nr. 5.| Morgen kommt mehr.
Am 3. Oktober 1990 geschah es.| Am 4. war Ruhe.
Das war 1998.| Danach kam 1999.
Er wurde 45.| Sie wurde 50.| Ein Fest folgte.
Kaiser Wilhelm II. war da.| Kaiser Wilhelm II.| Der andere nicht.
Prof. Dr. Müller kam, z. B. mit dem Zug, d. h. spät.| Er blieb.
Das kostet ca. 5 Mio. Euro bzw. 6 Mrd. Yen.| Viel Geld.
Im 5. Jahrhundert v. Chr. lebte er.| Im Jahr 5 v. Chr.| Er starb.
Äpfel, Birnen usw. kaufen wir.| Dazu Brot usw.| Das reicht.
„Ich bin da.| Ich bin müde.| Gehen wir“, sagte er.
„Ja.“| „Nein.“| Er ging.
„Wirklich?“, fragte sie.| „Wirklich!“ rief er.
Er sagte: „Es ist gut.“| Dann ging er.
»Ja.«| »Nein.«| Er ging.
Die Straße des 17. Juni liegt in Berlin.| Am Großen Stern.
Es sind 1.345.596.| Einwohner zählt man.
Am 24.12. Sonntag war es.| Am 24.12.| Das war Heiligabend.
Kapitel 5.| Morgen mehr.
Das ... Haus stand da.| Es brannte ...| Die Feuerwehr kam.
St. Gallen und Hl. Geist, vgl. S. 5 ff. und Art. 3 Abs. 2.| Ende.
Ist es so?| Oder nicht?| Doch!
Der 1. FC Köln schlug den 1. FC Nürnberg 2:1 (1:0).| Trainer Anfang jubelte in der 90. Minute.
Die Messe läuft vom 24.-30. Juli und vom 5. - 9. Mai.| Sie beginnt um 20.15 Uhr.| Gut.
Der Index stieg auf 35.| Analysten sagten das.| Er liegt bei 0.| Bayern auch.
Sie war auf 18. Platz und ist 2. Vorsitzende.| Er kam am 45. Tag.
KAPITEL 29.| Ahab tritt auf.
Er wohnt in der Hauptstr. 5, sie in der Berliner Str.| Die Familie lebt bei Fam. Müller.
Frankfurt a. M., Frankfurt a.d. Oder, Rothenburg o.d. Tauber (Name v.d. Red. geändert).
Kardinal Marx u. a. kamen.| Es kamen u.a. Merkel, Sen. Graham und Col. Lee.| Das sind 5 Mio. Euro.
„Das ist gut!“, sagte er.| „Wir freuen uns!“| Danach ging er.| "Wohin?", fragte sie.| "Weg."
Harald K. schwieg.| Angeklagt ist Daniel S.| Er gestand.
"""

FRENCH = """
M. Dupont est là.| Mme Durand aussi.
Il part à 8 h.| Ils restent.
Au Ve siècle av. J.-C. la ville fut prise.| Elle tomba vers 400 av. J.-C.| La paix revint.
« Bonjour. »| Il entra.
« Je suis là.| Je suis fatigué.| Partons », dit-il.
« Ça va ? » demanda-t-elle.| « Oui ! » dit-il.
Il dit : « C'est fini. »| Puis il partit.
«Oui.»| «Non.»
Est-ce vrai ?| Oui !| Bien sûr...| Il part.
Voir p. 5, art. 3 et fig. 2.| L'art.| Il est long.
Il a acheté des pommes, etc.| L'argent manque.
MM. Dupont et Durand, le Dr Roux et Mgr Lefort.| Fin.
J.-P. Martin et R. Aubin.| C'est tout.
1. Ouvrez la boîte.| 2. Fermez-la.
— Oui.| — Non.| — Peut-être.
Il est né en 1802.| Il meurt en 1885.
Louis XIV.| Il régna.
La S.N.C.F. a décidé.| Le train part.
« C'est fini ! », a-t-il dit.| « Enfin ? », demanda Paul.| « Oui… », dit-elle.
Il dit « oui. ».| Elle rit.| Il dit « non ».| Elle part.
« C'est fini ! » a lancé le ministre.| "Enfin !" a-t-il dit.| "Oui", dit-elle.| « Bien »
Le n° 1 mondial a battu le nº 5 par 6-4, 6-3.| Il est n° 1.| Nadal a perdu.
Il vécut au XIe siècle ap. J.-C. et mourut.| Il avait 35 ans.| À 35 ans !| Était-ce vrai ?
C. Ronaldo et L. Messi sont là.| George W. Bush aussi.| Rendez-vous le 5 févr. 2019.
"""

CHINESE = """
“你好吗？”他问。|“很好。”她说。
他说：“我来了。”|然后他走了。
“我来了。|我累了。|我们走吧，”他说。
“快走！”|“好。”|他们走了。
「他說『好。』然後走了。」|完了。
「你好嗎？」他問。|「很好！」
他走了很久很久也没有回头……|她哭了。
我……我不知道。|你……
“我……我不知道。”|他低下头。
他爱看《谁动了我的奶酪？》这本书。|我不爱。
版本3.14很好。|价格是5.5元。
我用了Python.|你呢?|我没有!|好
见 https://example.com/a?b=c!d 和 a.b@c.cn。|谢谢。
1. 打开盒子。|2. 关上盒子。
这是什么?|我不知道!|真的吗？！|是的。
他来了（真的吗？）但没说话。|（他走了。）|她笑了。
"我来了。"|"好的。"|他说完了。
他被称为“不哭！”运动的领袖。|他很有名。
他说“为什么？”的时候，她笑了。|好。
今天是1月5日。|明天是6日；后天是7日：没有课。
He left.| She stayed.|他们走了。|Mr. Wang 也走了。
Ｕ盘坏了。|３．５元。
他问：“你去吗？”|她答：“去！”
他说，“没有。”|她说，“有。|真的有。”|他说，“好。”
韦小宝道：“死也不降。”|小玄子哈哈一笑，跳了起来。
“我们会赢的。”特朗普说，“一定会赢。”|他走了。
“我们会赢的，”特朗普说，“一定会赢。”|他走了。
「我們會贏的，」他說。|「一定會。」|他走了。
双击一个.zip文件。|再打开.csv文件。|好.|我来.
他以6-4、3-6、7-6（7-5）获胜。|苹果公司（Apple Inc.）上涨1.5%。|J.K.罗琳和唐纳德·J. 特朗普来了。
“他来了！”|“谁？”|“我……我不知道。”他说。|他看着St. Louis。
"""

OTHERS = {
    "es": [
        "Peras, etc.| Luego más.",
        "¿Cómo estás?| ¡Muy bien!| El Sr. López llegó a las 5.| Salió.",
        "«Sí.»| «No.»",
    ],
    "it": ["Il dott. Rossi è qui.| Ecco il Sig. Bianchi.| «Che c'è?» chiese."],
    "nl": ["Hij woont er sinds 1999.| Mevr. Jansen komt, bijv. morgen.| Goed."],
    "pt": ["O Sr. Silva chegou.| «Sim.»| Ele saiu."],
    "ja": [
        "「行くの？」と彼は聞いた。|はい。|３．５です。",
        "今日は晴れです。明日は雨です。".replace("。明", "。|明"),
    ],
    "ru": ["Он пришёл.| Она ушла.| А. С. Пушкин писал."],
    "hi": ["वह आया।| वह गया।"],
    "ar": ["هل جاء؟| نعم.| ذهب."],
    "ko": ["그는 왔다.| 그녀는 갔다."],
    "el": ["Ήρθε.| Έφυγε!"],
    "xx": ["It came.| It went."],
}


def cases() -> list[tuple[str, str]]:
    """`(language, case)` of the whole table."""
    found = [(lang, case) for lang, listed in OTHERS.items() for case in listed]
    for lang, table in (("en", ENGLISH), ("de", GERMAN), ("fr", FRENCH), ("zh", CHINESE)):
        found += [(lang, case) for case in table.strip().splitlines()]
    return found


@pytest.mark.parametrize(("lang", "case"), cases())
def test_hard_cases(lang: str, case: str) -> None:
    text = case.replace("|", "")
    expected = [piece.strip() for piece in case.split("|")]
    assert [sentence.text for sentence in split_sentences(text, lang)] == expected


def test_spans_and_paragraphs_of_a_text() -> None:
    text = "\ufeff  One. Two!\r\nThree\r\n\r\n \t\r\nFour… five.\x0c\n\n\nSix"
    found = split_sentences(text, "en")
    assert [(s.text, s.start, s.end, s.paragraph) for s in found] == [
        ("One.", 3, 7, 0),
        ("Two!", 8, 12, 0),
        ("Three", 14, 19, 0),
        ("Four… five.", 27, 38, 1),
        ("Six", 42, 45, 2),
    ]


def test_wrapped_lines_make_one_sentence() -> None:
    text = "A sentence that\ngoes on. The\nnext.\n\nA new\r\nparagraph"
    wrapped = split_sentences(text, "en", wrapped=True)
    assert [(s.text, s.paragraph) for s in wrapped] == [
        ("A sentence that\ngoes on.", 0),
        ("The\nnext.", 0),
        ("A new\r\nparagraph", 1),
    ]
    assert [s.text for s in split_sentences(text, "en")] == [
        "A sentence that",
        "goes on.",
        "The",
        "next.",
        "A new",
        "paragraph",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t", "\ufeff", "\u3000\u200b\n"])
def test_nothing_visible_gives_no_sentence(text: str) -> None:
    assert split_sentences(text, "en") == ()
    assert split_sentences(text, "zh", wrapped=True) == ()


@pytest.mark.parametrize("size", [1_000_000])
@pytest.mark.parametrize(
    ("unit", "lang"),
    [
        ("This is a sentence. ", "en"),
        ("这是一个句子。", "zh"),
        ("no end here ", "de"),
        (". ", "fr"),
    ],
)
def test_a_line_of_a_million_characters(unit: str, lang: str, size: int) -> None:
    check_long_line(unit, lang, size)


# Each of these made some version of the rules look at the same characters again and again.
@pytest.mark.parametrize("lang", ["de", "zh"])
@pytest.mark.parametrize(
    "unit",
    ["他说：“这是……一个句子！”", "...", '." ', '"', "(A!) ", "!)", "e.g. A. B. 3. Dr. ", "“", "……"],
)
def test_a_long_line_of_marks(unit: str, lang: str) -> None:
    check_long_line(unit, lang, 100_000)


def check_long_line(unit: str, lang: str, size: int) -> None:
    """Everything visible is in the sentences of a line made of one unit."""
    text = (unit * (size // len(unit) + 1))[:size]
    found = split_sentences(text, lang)
    assert sum(len(visible(s.text)) for s in found) == len(visible(text))
    assert found[0].start == 0
    assert found[-1].end == len(text.rstrip())


MARKS = [*".!?…。！，,:;'\"“”„«»「」()（）–", "...", "[1]", "."]
WORDS = "a B Dr U.S 5 1999 我 他说 word été The 𝒳 ーの 아니 http://a.b/c?d"
BLANKS = [*"   \n\t\u3000\xa0\ufeff\u200b\u2028", "\r\n", "\n\n"]
PIECES = st.sampled_from([*MARKS, *WORDS.split(), *BLANKS])
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=80)
LANGS = st.sampled_from(["en", "de", "fr", "zh", "ja", "es", None])


def visible(text: str) -> str:
    """The text without its white space and invisible marks."""
    return "".join(c for c in text if not c.isspace() and c not in "\ufeff\u200b")


@settings(max_examples=400, deadline=None)
@given(TEXTS, LANGS, st.booleans())
def test_sentences_are_exact_ordered_and_complete(
    text: str, lang: str | None, wrapped: bool
) -> None:
    found = split_sentences(text, lang, wrapped)
    last, paragraph = 0, 0
    for sentence in found:
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip() != ""
        assert visible(text[last : sentence.start]) == ""
        assert paragraph <= sentence.paragraph <= paragraph + 1
        last, paragraph = sentence.end, sentence.paragraph
    assert visible(text[last:]) == ""
    if found:
        assert found[0].paragraph == 0


@settings(max_examples=200, deadline=None)
@given(TEXTS, LANGS)
def test_more_white_space_changes_no_sentence(text: str, lang: str | None) -> None:
    plain = [visible(s.text) for s in split_sentences(text, lang)]
    spaced = text.replace(" ", "   ")
    assert [visible(s.text) for s in split_sentences(spaced, lang)] == plain


@settings(max_examples=200, deadline=None)
@given(TEXTS, LANGS)
def test_wrapping_at_spaces_changes_no_sentence(text: str, lang: str | None) -> None:
    flat = " ".join(visible(word) for word in text.split() if visible(word))
    plain = [visible(s.text) for s in split_sentences(flat, lang)]
    wrapped = split_sentences(flat.replace(" ", "\n"), lang, wrapped=True)
    assert [visible(s.text) for s in wrapped] == plain


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_a_language_given_twice_gives_the_same(text: str) -> None:
    assert split_sentences(text, "fr") == split_sentences(text, "fr")


def test_presplit_text_keeps_line_numbers() -> None:
    text = " One.  Still one.\r\n\nTwo\n  \nThree\n"
    found = presplit_sentences(text)
    assert [(s.text, s.start, s.end, s.paragraph) for s in found] == [
        ("One.  Still one.", 1, 17, 0),
        ("", 19, 19, 1),
        ("Two", 20, 23, 1),
        ("", 24, 24, 2),
        ("Three", 27, 32, 2),
    ]


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 1), ("a\n", 1), ("a\n\n", 2), ("\n", 1), ("\r\na", 2)]
)
def test_presplit_counts_lines(text: str, count: int) -> None:
    assert len(presplit_sentences(text)) == count


@given(st.lists(st.text(max_size=12), max_size=8))
def test_presplit_list_has_one_sentence_an_item(items: list[str]) -> None:
    joined = "\n".join(items)
    found = presplit_sentences(items)
    assert len(found) == len(items)
    for sentence, item in zip(found, items, strict=True):
        assert joined[sentence.start : sentence.end] == sentence.text
        assert visible(sentence.text) == visible(item)


def test_spans_of_another_splitter() -> None:
    text = " One. Two.\n\nThree three.\n"
    found = spans_of(text, ["One. ", "", "Two.", "Three three."])
    assert [(s.text, s.start, s.end, s.paragraph) for s in found] == [
        ("One.", 1, 5, 0),
        ("Two.", 6, 10, 0),
        ("Three three.", 12, 24, 1),
    ]


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (["One.", "Too."], "sentence 1 is 'Too.', but the text goes on with 'Two. Three.'"),
        (["Two.", "One.", "Three."], "sentence 0 is 'Two.'"),
        (["One.", "Three."], "sentence 1 is 'Three.'"),
        (["One.", "Two."], "2 sentences end at character 9 of 16, before 'Three.'"),
        (["One.", 2], "sentence 1: expected str, got int"),
    ],
)
def test_a_splitter_that_changes_or_loses_text_is_refused(pieces: list[str], message: str) -> None:
    with pytest.raises(AlignError) as caught:
        spans_of("One. Two. Three.", pieces)
    assert message in str(caught.value)
