"""What a process that makes reports imports before its first one."""

from rareearths.reports import lean

with lean.imports():
    import jupyter_client  # noqa: F401
    import nbconvert.exporters  # noqa: F401
    import papermill  # noqa: F401

    import rareearths.reports.run  # noqa: F401
    from rareearths.reports import page

page.template()
