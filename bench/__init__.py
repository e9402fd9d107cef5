"""Benchmarks: what the README here shows is measured by ``make bench``.

A topic is a module with ``TITLE``, ``TELLS`` (a sentence or two) and ``run(bench)``, which returns
figures; it is listed in `bench.__main__.TOPICS`.
"""
