"""Phone fields to numbers.

In the order of the way: ``damage``, ``row``, ``field``, ``segments``, ``reading``, ``country_plan``, ``parser``.
"""
