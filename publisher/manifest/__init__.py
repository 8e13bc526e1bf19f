"""The manifest: one description of each image and bundle, whatever the file format it is written in."""
