"""What the calls that a PBX has had tell of the phonebook: does it work?"""
