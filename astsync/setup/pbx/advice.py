"""What to do on each flavour of PBX, as text: where the AMI user goes, where the lookup goes, what it forgets."""

from collections.abc import Mapping

from astsync.language import joined, say
from astsync.pbx.flavour import UNSERVED, Flavour
from astsync.setup.dialplan import lookup_line
from astsync.setup.pbx.ami_user import AmiUser
from astsync.setup.pbx.sites import hook_lines

_TOPICS = {Flavour.PLAIN: "dialplan"}
_RELOAD_USER = "asterisk -rx 'manager reload'"
_RELOAD_PLAN = "asterisk -rx 'dialplan reload'"

_USER_GOES: Mapping[Flavour, str] = {
    Flavour.PLAIN: say(
        "Into /etc/asterisk/manager.conf, or a file of its own in /etc/asterisk/manager.d where manager.conf includes "
        "that folder. [general] of manager.conf needs `enabled = yes`."
    ),
    Flavour.FREEPBX: say(
        "Into /etc/asterisk/manager_custom.conf, which FreePBX leaves alone. The screen Settings → Asterisk Manager "
        "Users would do too; it asks for the same values."
    ),
    Flavour.ISSABEL: say("Into /etc/asterisk/manager_custom.conf, which Issabel leaves alone."),
    Flavour.MIKOPBX: say(
        "Not into a file: System → AMI access → Add AMI user, with this name and this secret. Permissions: `system`, "
        "write, and nothing else. Network filter: one with the address of `permit` below and no other."
    ),
    Flavour.ASKOZIA: say(
        "Not into a file: Advanced → Manager → add a user with this name and this secret, the networks of `deny` and "
        "`permit` below, and the rights of `write` below."
    ),
}
_USER_LOADED: Mapping[Flavour, str] = {
    Flavour.MIKOPBX: say("MikoPBX loads it when you save."),
    Flavour.ASKOZIA: say("Askozia loads it when you save."),
}
_FORGETS: Mapping[Flavour, str] = {
    Flavour.PLAIN: say(
        "Asterisk keeps AstDB in a file (/var/lib/asterisk/astdb.sqlite3). In a container that folder must be a volume."
    ),
    Flavour.FREEPBX: say(
        "FreePBX writes manager.conf, manager_additional.conf, extensions.conf and extensions_additional.conf anew at "
        "each Apply Config: put nothing there. A lookup source that caches its results writes into cidname too."
    ),
    Flavour.ISSABEL: say(
        "Issabel writes manager.conf, manager_additional.conf, extensions.conf and extensions_additional.conf anew at "
        "each Apply Config: put nothing there. A lookup source that caches its results writes into cidname too."
    ),
    Flavour.MIKOPBX: say(
        "MikoPBX makes everything in /etc/asterisk anew at each start and each change of its settings: files written "
        "there are lost. What is entered on its screens stays."
    ),
    Flavour.ASKOZIA: say(
        "Askozia makes everything in /etc/asterisk anew at each start, and keeps AstDB in memory unless a disk has "
        "Persistence (System → Storage): run `astsync watch`, or `astsync push` after each reboot."
    ),
}


def advice(flavour: Flavour, user: AmiUser, family: str, *, found: bool = True) -> str:
    """All that is to be done on a PBX of this flavour. ``found``: the user's address was found out, and not named."""
    lookup = say("2. The lookup, so that phones show the names")
    forgets = say("3. What {product} forgets or overwrites", product=flavour.product)
    return joined(
        "\n",
        (
            user_advice(flavour, user, found=found),
            "",
            _titled(lookup),
            lookup_advice(flavour, family),
            "",
            _titled(forgets),
            _FORGETS[flavour],
            say("More: `astsync help {topic}`", topic=_TOPICS.get(flavour, flavour.value)),
            *(("", _unserved()) if flavour is Flavour.PLAIN else ()),  # which look like one
        ),
    )


def user_advice(flavour: Flavour, user: AmiUser, *, found: bool = True) -> str:
    """Where the AMI user goes, and how it is loaded; ``found`` as in ``advice``."""
    return joined(
        "\n",
        (
            _titled(say("1. The AMI user of {product}", product=flavour.product)),
            _USER_GOES[flavour],
            "",
            user.section(),
            _loaded(flavour),
            *((_where_from(user),) if found else ()),
        ),
    )


def _titled(words: str) -> str:
    return joined("\n", (words, ""))


def _loaded(flavour: Flavour) -> str:
    return _USER_LOADED.get(flavour) or say("Then load it: {command}", command=_RELOAD_USER)


def _where_from(user: AmiUser) -> str:
    return say(
        "{address} is this machine, as its routes to the PBX say. If NAT or a VPN lies between, the PBX sees another "
        "address: Asterisk's log names it (`failed to pass IP ACL`). Then write that one into `permit`; `astsync setup "
        "pbx --permit` does so.",
        address=user.address,
    )


def lookup_advice(flavour: Flavour, family: str) -> str:
    """Where the lookup goes, and how it is loaded."""
    line = lookup_line(family)
    load = say("Then load it: {command}", command=_RELOAD_PLAN)
    if flavour in (Flavour.FREEPBX, Flavour.ISSABEL):
        return _of_freepbx(flavour, family)
    if flavour is Flavour.MIKOPBX:
        return joined(
            "\n",
            (
                say(
                    "System → System file customization → extensions.conf, mode “Append to end of file”, and there "
                    "this text. MikoPBX calls this context for every incoming call:"
                ),
                "",
                _of_mikopbx(line),
                say("MikoPBX loads it when you save."),
            ),
        )
    if flavour is Flavour.ASKOZIA:
        return joined(
            "\n",
            (
                say(
                    "Dialplan → Applications → Plaintext, with this text, where 100 is the extension of the phone. "
                    "Then in the provider's settings let incoming calls go to this application:"
                ),
                "",
                f"  1,NoOp()\n  {line.removeprefix('same => ')}\n  n,Goto(internal,100,1)\n",
                say(
                    "Later versions have Accounts → Providers → Additional → Manual Dialplan Incoming: there the line "
                    "stands alone, without `n,` before it. Neither was tried on an Askozia itself."
                ),
            ),
        )
    return joined(
        "\n",
        (
            say(
                "One line in the context of incoming calls (the one that `context =` of your trunk names), before "
                "Dial, in each of its extensions:"
            ),
            "",
            f"  {line}",
            "",
            load,
            say("With `--write --context NAME` astsync puts it there itself."),
        ),
    )


def _of_mikopbx(line: str) -> str:
    return f"[add-trim-prefix-clid-custom]\nexten => _[+0-9a-zA-Z]!,1,NoOp()\n {line}\n same => n,Return()\n"


def _of_freepbx(flavour: Flavour, family: str) -> str:
    hook = say(
        "In /etc/asterisk/extensions_custom.conf, for all calls from outside (trunks with the context from-trunk or "
        "from-pstn). It finds +7…, and a caller who has no entry keeps the carrier's name:"
    )
    screen = say(
        "Admin → CallerID Lookup Sources → Add, Source Type `Internal`. Then in each inbound route: Other → CID Lookup "
        "Source. It looks up the number as the carrier sends it, so write those forms into numbers.forms; +7… is not "
        "found."
    )
    if flavour is Flavour.ISSABEL:
        screen = say(
            "PBX → PBX Configuration → CallerID Lookup Sources, Source Type `Internal`. Then in each inbound route: "
            "CID Lookup Source. It looks up the number as the carrier sends it, so write those forms into "
            "numbers.forms; +7… is not found."
        )
    if family != "cidname":
        screen = say("The screen CallerID Lookup Sources reads the family cidname alone, and sync.family is another.")
    return joined(
        "\n",
        (
            say("One of two ways. a) A screen, without dialplan:"),
            screen,
            "",
            say("b) A file:"),
            hook,
            "",
            hook_lines(family),
            say("Then load it: {command}", command=_RELOAD_PLAN),
        ),
    )


def _unserved() -> str:
    """The PBXs that astsync cannot serve, with the reasons."""
    lines = (say("  {product}: {why}", product=one.product, why=one.words) for one in UNSERVED)
    return joined("\n", (say("astsync cannot serve:"), *lines))
