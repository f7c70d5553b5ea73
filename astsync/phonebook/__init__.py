"""The heart, pure: numbers, names, the phonebook and the plan. Imports nothing of astsync but errors."""
