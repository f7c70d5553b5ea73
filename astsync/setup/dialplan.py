"""What a PBX's dialplan needs so that phones show the names of the phonebook."""


def lookup_line(family: str = "cidname") -> str:
    """Give the one line that a context of incoming calls needs before ``Dial``, as extensions.conf has it.

    Keys are digits alone, and carriers may send ``+74952293042``: FILTER takes the digits. DB_EXISTS guards the
    carrier's name where the phonebook has none, and leaves the value that it found in DB_RESULT (Asterisk's
    funcs/func_db.c, from 1.8 on), so the entry is read once and cannot go between two readings.
    """
    number = "${FILTER(0-9,${CALLERID(num)})}"
    return f"same => n,ExecIf(${{DB_EXISTS({family}/{number})}}?Set(CALLERID(name)=${{DB_RESULT}}))"
