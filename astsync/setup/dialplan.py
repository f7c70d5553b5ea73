"""The line of a dialplan that makes phones show the names of the phonebook."""


def lookup_line(family: str = "cidname") -> str:
    """The one line that a context of incoming calls needs before ``Dial``, as extensions.conf has it.

    A key is digits alone, and a carrier may send ``+74952293042``: FILTER drops the signs. It keeps letters, so that a
    SIP user ``ivan2024`` is not looked up as 2024. Without DB_EXISTS an absent
    entry would replace the carrier's name by nothing. DB_EXISTS also leaves the value in DB_RESULT (Asterisk's
    funcs/func_db.c, from 1.8 on), so the entry is read once and cannot disappear between two readings.
    """
    number = "${FILTER(0-9A-Za-z,${CALLERID(num)})}"
    return f"same => n,ExecIf(${{DB_EXISTS({family}/{number})}}?Set(CALLERID(name)=${{DB_RESULT}}))"
