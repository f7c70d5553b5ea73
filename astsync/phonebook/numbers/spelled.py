"""A number as people write it, and its country."""

import phonenumbers


def spelled(number: str) -> tuple[str, str]:
    """A number in E.164 without "+" as people write it ("+7 495 229-30-42"), and its country (ISO 3166 alpha-2).

    The country is "" where no one country has the number. What is no number comes back as it is.
    """
    try:
        found = phonenumbers.parse(f"+{number}")
    except phonenumbers.NumberParseException:
        return number, ""
    country = phonenumbers.region_code_for_number(found) or ""
    text = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return text, country if country.isalpha() else ""
