"""Explore in JupyterLab: choose, and a chart is drawn at once.

``view`` is a choice of trade and ``pull`` a choice of levers; each gives the data of its chart,
draws and shows it. ``call`` writes the code that makes the same chart, ``entry`` the entry of
``reports.yml`` that makes a report of it. ``panel`` puts widgets around them; it alone needs a
browser and ipywidgets.
"""
