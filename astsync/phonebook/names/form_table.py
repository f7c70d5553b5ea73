"""Legal forms as a table: all short forms, and the full phrases that the grammar of ``form_grammar`` does not make.

Russia, Ukraine, Belarus, Kazakhstan, Uzbekistan (in both its scripts), Kyrgyzstan and Tajikistan.
"""

from itertools import product
from typing import Final

from astsync.phonebook.names.alphabets import BELARUSIAN, CENTRAL_ASIAN, KAZAKH, RUSSIAN, UKRAINIAN

SHORTS: Final[dict[str, str]] = {
    RUSSIAN: "ООО ОДО АО ПАО НАО ЗАО ОАО АОЗТ АООТ ИП ИЧП КФХ ГКФХ ГУП МУП ФГУП ФКП МКП ГП КП ХП ПТ ТНВ ПК СПК СХПК "
    "ПБОЮЛ ЧП АКБ КБ НКО АНО НП НО БФ БО ОО МОО РОО ОООИ МРО ЦРО РО ТСЖ ТСН ЖСК ЖК ГСК СНТ ДНТ ДНП СНП ОНТ ПКООП КПК "
    "ТПП МКК МФК ГУ МУ ЧУ УП СООО ИООО ТОО РГП КГП КГУ РГУ ГККП КХ ОФ ОЮЛ СРО ГУО ЧУО ЧОУ СП НОУ ГОУ МОУ ГУЗ МУЗ",
    UKRAINIAN: "ТОВ ТзОВ ТДВ ФОП СПД ПП АТ ПАТ ПрАТ ВАТ ЗАТ ДП КП КНП МПП ОСББ ФГ СФГ ГО БО БФ НВП",
    BELARUSIAN: "ТАА ТДА ААТ ЗАТ ПУП РУП КУП ІП",
    KAZAKH: "ЖШС АҚ ЖК РМК КММ ӨК ШҚ",
    CENTRAL_ASIAN: "МЧЖ MCHJ ЯТТ YATT YTT ХК XK АЖ AJ ОАЖ OAJ ЁАЖ YOAJ ҚК QK ДК DK ХФ XF ДУК DUK ФХ FX ОсОО ҶДММ ЧДММ",
}
"""Short forms by the language that they tell of."""

PAIRS: Final[dict[str, str]] = {
    RUSSIAN: "ФГБОУ ВО|ФГАОУ ВО|АНО ДПО|АНО ВО|ЧОУ ВО|ЧОУ ДПО|МБУ ДО|МАУ ДО|МБОУ ДО|ГБОУ ДПО|ГАУ ДПО|"
    "ИП КФХ|ИП ГКФХ|СП ООО|ИП ООО|ООО СП|ГКП на ПХВ|РГП на ПХВ|КГП на ПХВ",
    CENTRAL_ASIAN: "QK MCHJ|MCHJ QK|МЧЖ ҚК|ҚК МЧЖ|СП МЧЖ|XK MCHJ",
}
"""Short forms of several words."""


def _official() -> set[str]:
    """The short forms that official names make of an owner, a kind of budget and a kind of institution."""
    owners = ("ФГ", "КГ", "ОГ", "РГ", "ГО", "Ф", "Г", "М")
    institutions = "У УЗ УК УН НУ ОУ ДОУ ПОУ УСО".split()
    firms = "ЧТ ЧП ЧС ЧТП ЧПТ КП КТ КД РД РП ИЧ ЧИ Ч Р К Д И ОГ КГ".split()
    made = {"".join(parts) for parts in product(owners, "БАК", institutions)}
    return made | {f"{firm}УП" for firm in firms} | {f"ФГ{last}" for last in institutions}


OFFICIAL: Final = frozenset(_official())

DOUBTFUL: Final = frozenset(
    "ГП КП ХП ПТ ПК КБ НП НО БФ БО ОО РО ГУ МУ ЧУ КХ ОФ ПП АТ ДП ФГ ГО ЖК ІП УП МРО СП "
    "ХК АЖ ҚК ДК ФХ ХФ XK AJ QK DK FX XF".split()
)
"""Short forms that are also initials or common words: taken only where nothing else can be meant."""

NEVER_INITIALS: Final = frozenset("ХК АЖ ҚК ДК ФХ ХФ XK AJ QK DK FX XF".split())
"""Those of them that names of several words end with."""

ONE_FORM: Final = {
    "ЖШС": "ТОО",
    "АҚ": "АО",
    "ЖК": "ИП",
    "МЧЖ": "ООО",
    "MCHJ": "ООО",
    "ОсОО": "ООО",
    "ҶДММ": "ООО",
    "АЖ": "АО",
    "AJ": "АО",
    "YTT": "ЯТТ",
    "YATT": "ЯТТ",
    "XK": "ХК",
    "QK": "ҚК",
}
"""Short forms that say the same in another language or script; one of both is enough."""

LOWER_CASE: Final = frozenset(
    "ооо оао зао пао ао ип тоо тсж снт фгуп муп гуп одо фоп тов жшс нко ано мчж mchj ятт yatt ytt осоо".split()
)
"""Short forms that are known in any case."""

_COMPANY = "жауапкершілігі шектеулі серіктестік"
PHRASES: Final[dict[str, dict[str, str]]] = {
    RUSSIAN: {
        "ЗАО": "з а о|акционерное общество закрытого типа",
        "ИП": "индивидуальный предприниматель",
        "ГКФХ": "глава крестьянского фермерского хозяйства",
        "ТНВ": "товарищество на вере|коммандитное товарищество",
        "ПТ": "полное товарищество",
        "ХП": "хозяйственное партнерство",
        "ПБОЮЛ": "предприниматель без образования юридического лица",
        "ЧП": "частный предприниматель",
        "АКБ": "акционерный коммерческий банк",
        "КБ": "коммерческий банк",
        "НКО": "некоммерческая организация|небанковская кредитная организация",
        "БФ": "благотворительный фонд",
        "ОФ": "общественный фонд",
        "ГСК": "гаражный специализированный кооператив",
        "ТПП": "торгово-промышленная палата",
        "МКК": "микрокредитная компания",
        "МФК": "микрофинансовая компания",
        "ОЮЛ": "объединение юридических лиц",
        "СРО": "саморегулируемая организация",
        "ЛПХ": "личное подсобное хозяйство",
        "ООО": "о о о",
        "ОАО": "о а о|акционерное общество открытого типа",
        "ПАО": "п а о",
        "ТОО": "т о о",
    },
    UKRAINIAN: {
        "ФОП": "фізична особа-підприємець|фізична особа підприємець",
        "СПД": "суб'єкт підприємницької діяльності",
        "ПП": "приватний підприємець",
        "ПрАТ": "приватне акціонерне товариство",
        "ОСББ": "об'єднання співвласників багатоквартирного будинку",
        "БФ": "благодійний фонд",
        "НВП": "науково-виробниче підприємство",
    },
    BELARUSIAN: {"ІП": "індывідуальны прадпрымальнік"},
    KAZAKH: {
        "ЖШС": f"{_COMPANY}|{_COMPANY}і",
        "АҚ": "акционерлік қоғам|акционерлік қоғамы",
        "ЖК": "жеке кәсіпкер|жеке кәсіпкері|дара кәсіпкер",
        "ӨК": "өндірістік кооператив|өндірістік кооперативі",
        "ШҚ": "шаруа қожалығы|шаруа қожалық",
    },
    CENTRAL_ASIAN: {
        "МЧЖ": "масъулияти чекланган жамият|масъулияти чекланган жамияти",
        "MCHJ": "mas'uliyati cheklangan jamiyat|mas'uliyati cheklangan jamiyati",
        "ЯТТ": "якка тартибдаги тадбиркор",
        "YTT": "yakka tartibdagi tadbirkor",
        "ХК": "хусусий корхона|хусусий корхонаси",
        "XK": "xususiy korxona|xususiy korxonasi",
        "АЖ": "акциядорлик жамияти|акциядорлик жамият",
        "AJ": "aksiyadorlik jamiyati|aksiyadorlik jamiyat",
        "ОАЖ": "очиқ акциядорлик жамияти",
        "OAJ": "ochiq aksiyadorlik jamiyati",
        "ЁАЖ": "ёпиқ акциядорлик жамияти",
        "YOAJ": "yopiq aksiyadorlik jamiyati",
        "ҚК": "қўшма корхона|қўшма корхонаси",
        "QK": "qo'shma korxona|qo'shma korxonasi",
        "ДК": "давлат корхонаси",
        "DK": "davlat korxonasi",
        "ХФ": "хусусий фирма|хусусий фирмаси",
        "XF": "xususiy firma|xususiy firmasi",
        "ДУК": "давлат унитар корхонаси",
        "DUK": "davlat unitar korxonasi",
        "ФХ": "фермер хўжалиги",
        "FX": "fermer xo'jaligi",
        "ҶДММ": "ҷамъияти дорои масъулияти маҳдуд",
    },
}
"""Full phrases by language and short form; phrases of one form with "|" between. The longest that fits is taken."""
