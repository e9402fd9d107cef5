"""What could be done: levers that change how far rare earths have to come from one supplier.

``party`` says whose need it is, ``capacity`` what new projects add, ``balance`` how much a chain of
stages carries, ``packages`` which levers are pulled, ``uncertainty`` draws all assumptions at once,
``outlook`` puts them together year by year. ``levers`` tells what each adds to the others,
``board`` what each does alone, ``sensitivity`` which assumption decides; ``tables`` and ``answers``
show and say it. Rare earths only; docs/methods/levers.md.
"""
