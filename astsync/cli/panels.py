"""The list of commands in ``astsync --help``: by what they are for, in the order in which they are met."""

from typing import Any

from astsync.cli.late_commands import change_each
from astsync.language import say

PANELS: dict[str, dict[str, str]] = {
    say("Setting up"): {
        "demo": say("Show the main job in a sandbox; nothing of yours is touched."),
        "init": say("Ask, try 1C and the PBX, write a configuration file."),
        "check": say("Try every part of the configuration for real."),
        "setup": "",
        "notify": say("Send a test message by every way of the section notify."),
    },
    say("Every day"): {
        "sync": say("Bring the PBXs in step with 1C: write only what differs."),
        "diff": say("Compare 1C with the PBXs and report; write nothing."),
        "apply": say("Write exactly the changes of a plan that diff saved."),
        "problems": say("List what is to be repaired in the cards of 1C."),
        "report": "",
    },
    say("Always running"): {
        "watch": say("Restore the phonebook when a PBX comes back; sync every so often."),
        "serve": say("Tell Asterisk who is calling, by FastAGI and HTTP."),
    },
    say("Looking"): {
        "status": say("Show the last runs, and whether each PBX is in step."),
        "history": say("List past runs, and what they changed."),
        "lookup": say("Show why the phone shows that name for a number."),
        "calls": say("List the calls of the PBXs; the missed ones, and whether somebody called back."),
        "explain": say("Show what is made of a phone or a name, by which rules."),
    },
    say("Putting right"): {
        "undo": say("Put back what a run wrote."),
        "push": say("Write the whole phonebook again, as after a PBX's reboot."),
        "forget": say("Erase what is stored of a number."),
        "purge": say("Erase everything that astsync stored on this machine."),
    },
    say("Help"): {
        "help": "",
        "examples": "",
        "version": say("Show what belongs into a report of a bug."),
    },
}
"""The titles of the panels, and their commands with the line of each; "" where the command's own help is that line."""


def in_panels(root: Any) -> Any:
    """Put the commands of a group of typer into their panels, in place; return it."""
    place = {name: (panel, line) for panel, lines in PANELS.items() for name, line in lines.items()}

    def put(command: Any) -> None:
        if command.name in place:
            command.rich_help_panel, line = place[command.name]
            command.short_help = line or command.short_help

    change_each(root, put)
    return root
