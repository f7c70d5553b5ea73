"""1C's language in tests: the modules of examples/1c are parsed and executed, over the tree of a public grammar.

``syntax`` has the tree, ``values`` the values and what the operators do with them, ``interpreter`` runs statements,
``objects`` are stand-ins of the platform's objects, ``queries`` runs query texts over an ``infobase`` in
memory, ``xdto`` makes the objects of web services; ``same_base`` has the rows of the stand-in 1C.

It follows the platform's documentation where the modules need it, and refuses what it does not know: a name that the
stand-ins lack is an error, as a misspelt name is one on the platform.
"""
