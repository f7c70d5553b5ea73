"""Phones as 1C's standard library (БСП) stores what a person typed into one field."""

import json

from astsync.sandbox.onec.invented_phones import split_typed


def split_json(text: str) -> str:
    """Write Значение for a typed text."""
    country, area, number, extension = split_typed(text)
    parts = {"countryCode": country, "areaCode": area, "number": number, "extNumber": extension}
    return json.dumps({"version": 4, "value": text, "comment": "", "type": "Телефон", **parts}, ensure_ascii=False)
