"""Where the tables come from; only this package talks to a network.

`fetch` asks, `raw` keeps what came, `refresh` makes new tables of it, `swap` puts them in place,
`difference` compares vintages. The publishers' own clients (comtradeapicall, wbgapi, sdmx1) are not
used: none of them keeps raw copies, goes on after an interruption or hides keys, and the first
prints its errors and returns nothing.

Each publisher has a module of its own that `refresh.SOURCES` lists:

``NAME``, ``TABLES``
    Of the source, and of the tables it makes.
``LICENCE``, ``MANNERS``, ``KEY``, ``RULE``
    What a sidecar says; how the publisher is asked; a `plan.KeyRule` or None; the rule in words.
``DERIVED``
    Where there are any: tables that the source works out from others, so that rows may go.
``plan(tables, since, today, *, base, keyed, economies)``
    What to ask, a `plan.Plan`; asks nothing itself.
``fetch(plan, read, economies, note)``
    Reads with ``read(request, judge)`` and returns `plan.Fetched`.
``replaced(plan, table, rows)``
    Which present rows the new ones stand for, as booleans.
``ordered(table, rows)``, ``describe(resource, rows, whole)``
    The rows in the order of the bundled table; texts of ``datapackage.json`` that become untrue.
"""
