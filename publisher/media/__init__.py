"""Everything that opens image files: facts, renditions, metadata, thumbnails, bundles, and their cache.

Importing this package, or any plan that finds its facts remembered, loads no image library.
"""
