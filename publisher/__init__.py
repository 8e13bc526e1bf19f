"""One manifest, every storefront: the core that never names a channel."""

__version__ = "0.1.0"
