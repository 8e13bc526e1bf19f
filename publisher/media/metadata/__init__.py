"""Embedded metadata: XMP, IPTC-IIM and EXIF, read from and written into JPEG, PNG, TIFF and WebP.

Pixels are never touched and no library outside the standard one is used.
"""
