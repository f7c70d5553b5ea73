"""What is unusual about a plan that a safety limit refuses: the catalog that most of its deletions are of."""

from collections import Counter
from collections.abc import Iterable, Mapping

from astsync.language import counted, say
from astsync.phonebook.model import Entry

_MOST = 0.8  # of the entries: fewer say nothing of one catalog


def catalog_of(entry: Entry) -> str:
    """The catalog that an entry comes from: what its source names before the card."""
    return entry.source.partition("/")[0]


def unusual(lost: Iterable[Entry], before: Mapping[str, int], now: Mapping[str, int]) -> str:
    """A sentence about deleted entries, given as they were; "" where they are of many catalogs, or of unknown ones.

    ``before`` and ``now`` count the entries of each catalog in the last good list and in the new one.
    """
    catalogs = Counter(catalog_of(entry) for entry in lost)
    total = catalogs.total()
    name, count = next(iter(catalogs.most_common(1)), ("", 0))
    if not name or count < _MOST * total:
        return ""
    if count == total:
        whose = counted(
            "The {count:,} deletion is of {catalog}", "All {count:,} deletions are of {catalog}", total, catalog=name
        )
    else:
        whose = counted(
            "{part:,} of {count:,} deletion are of {catalog}",
            "{part:,} of {count:,} deletions are of {catalog}",
            total,
            part=count,
            catalog=name,
        )
    left, had = now.get(name, 0), before.get(name, 0)
    if not left:
        return say("{whose}, which gives no entry today.", whose=whose)
    if left < had:
        return say("{whose}, which gave {had:,} entries and gives {left:,} today.", whose=whose, had=had, left=left)
    return say("{whose}.", whose=whose)
