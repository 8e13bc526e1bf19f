"""Texts and pages of the project as Jinja templates; a folder ``templates`` in a project wins over them."""
