"""Words in a name by which people mark a card of 1C that nobody should use any more: «не использовать», «закрыт».

1C has a deletion mark, but many write it into the name instead. Such a card loses a number to one that is in use. A
mark that is missed costs little: then the older code decides. A mark that is seen in a real name costs more, so words
that also name firms count only where they are set off from the name.
"""

import re
from typing import Final

from astsync.phonebook.names.cleaning import unmix

_WORD = re.compile(r"[^\W_]+")

# Words that are always a mark, as patterns. The adjective «закрытое» is not among them: «Закрытое акционерное общество»
# is a legal form.
_SURE: Final = (
    # Russian
    r"не исп(?:ольз\w*)?",
    r"неиспольз\w*",
    r"закрыт[аоы]?",
    r"закрыл(?:ся|ась|ось|ись)",
    r"ликвидирован\w*",
    r"ликвидируется",
    r"в (?:стадии|процессе) ликвидации",
    r"на ликвидации",
    r"недейств\w*",
    r"не ?действ(?:ует|уют|ующ\w*|ител\w+)",
    r"(?:на|к|под|для) удалени[юея]",
    r"удалит[ье]",
    r"удален[аоы]?",
    r"помечен[аоы]? (?:на удаление|к удалению)",
    r"(?:больше )?не работа(?:ет|ют|ем|ть)",
    r"в архиве?",
    r"архивн(?:ый|ая|ое|ые) (?:карточка|контрагент|запись|клиент|партнер)",
    r"прекрати(?:л|ла|ло|ли) деятельность",
    r"деятельность прекращена",
    r"исключен[аоы]? из егр(?:юл|ип)",
    r"снят[аоы]? с учета",
    r"не ?актив(?:ен|на|но|ны|ный|ная|ное|ные)",
    r"не ?актуал(?:ен|ьн\w*)",
    r"не существует",
    r"устарел[аои]?",
    r"заблокирован[аоы]?",
    r"уволен[аоы]?",
    r"уволил(?:ся|ась|ись)",
    r"задвоен\w*",
    # Ukrainian
    r"не використ\w*",
    r"закрито",
    r"закри(?:вся|лася|лась|лося|лось|лися|лись)",
    r"ліквідован\w*",
    r"[ву] (?:стадії|процесі|стані) ліквідації",
    r"не ?ді(?:є|ють|юч\w+)",
    r"видалити",
    r"видален[аоі]",
    r"(?:на|до) видалення",
    r"не працю(?:є|ють|ємо)",
    r"в архіві?",
    r"звільнен[аоі]",
    # Belarusian
    r"не выкарыстоўваць",
    r"зачынен[аы]",
    r"ліквідаван\w*",
    r"выдаліць",
    r"не працу(?:е|юць)",
    # Kazakh
    r"жабыл(?:ды|ған)",
    r"қолданбау",
    r"пайдаланбау",
    r"жойыл(?:ды|ған)",
    r"таратыл(?:ды|ған)",
    r"жұмыс істемейді",
    # Uzbek, in both scripts
    r"yopilgan",
    r"ёпилган",
    r"ishlamaydi",
    r"ишламайди",
    # English
    r"do not use",
    r"not in use",
)

# Words that firms are also called by («Дубль», «Государственный архив»): marks only where they are set off.
_LOOSE: Final = (
    r"архив(?:н(?:ый|ая|ое|ые))?",
    r"дубл(?:ь|и|икат\w*)(?: ?\d{1,3})?",
    r"задвоение",
    r"повтор",
    r"стар(?:ый|ая|ое|ые)",
    r"копия",
    r"закрыт(?:ый|ая|ое|ые)",
    r"закр",
    r"ликв",
    r"ликвидация",
    r"банкрот",
    r"архів(?:ний|на|не)?",
    r"дублікат",
    r"закрит(?:ий|а|е|і)",
    r"припинено",
    r"жабық",
    r"мұрағат",
    r"closed",
    r"deleted",
    r"inactive",
    r"archived?",
    r"duplicate",
)

# Those loose marks that need no sign around them before a legal form or behind a whole name: «ООО Ромашка дубль».
_BARE = re.compile(r"архив|архів|дубл(?:ь|и|икат)|дублікат|дубль\d{1,3}")

_SURE_MARK = re.compile(rf"\b(?:{'|'.join(_SURE)})\b")
_LOOSE_MARK = re.compile("|".join(_LOOSE))
_BRACKETED = re.compile(r"[(\[{<]([^()\[\]{}<>]*)[)\]}>]")
_SIGNS = re.compile(r"[*!#=_:;|/\\.,~+]|(?<!\w)-|-(?!\w)|[–—]")
_FORMS: Final = frozenset("ооо оао зао пао ао нао ип тоо тов фоп чп гуп муп пк кх кфх ooo llc".split())
_QUALIFIES: Final = ("ый", "ий", "ой", "ая", "яя", "ое", "ее", "ые", "ие", "на", "не", "ваш", "наш", "мой", "твой")
_SIMPLE = str.maketrans("ё", "е")
_KEPT_YO: Final = "ёпилган"


def closed_mark(name: str) -> str:
    """The words of the mark in a name of 1C: ``не использовать`` of «ООО Роза (НЕ ИСПОЛЬЗОВАТЬ!)», or "".

    «Закрытое акционерное общество» and «Государственный архив» hold no mark.
    """
    lower = unmix(name).lower()
    if _KEPT_YO in lower:
        return _KEPT_YO
    plain = lower.translate(_SIMPLE)
    words = _WORD.findall(plain)
    found = _SURE_MARK.search(" ".join(words))
    return found[0] if found else _set_off(plain, words)


def _set_off(plain: str, words: list[str]) -> str:
    """A loose mark that is set off by brackets, by signs, by a legal form or by the end of the name; or ""."""
    parts = _BRACKETED.findall(plain)
    rest = _BRACKETED.sub(" | ", plain)
    pieces = _SIGNS.split(rest)
    parts += pieces if len(pieces) > 1 else ()
    marks = (" ".join(_WORD.findall(part)) for part in parts)
    return next((mark for mark in marks if _LOOSE_MARK.fullmatch(mark)), "") or _bare(plain, words)


def _bare(plain: str, words: list[str]) -> str:
    """A loose mark without signs around it, or "". «Областной архив» and «Бюро "Архив"» are names."""
    if len(words) > 2 and words[1] in _FORMS and _BARE.fullmatch(words[0]):
        return words[0]
    last = len(words) - (2 if words and words[-1].isdecimal() else 1)
    if last < 2 or not _BARE.fullmatch(words[last]) or not plain.rstrip()[-1].isalnum():
        return ""
    return "" if words[last - 1].endswith(_QUALIFIES) else " ".join(words[last:])
