"""A WooCommerce shop on loopback: a real web server with the behaviour that was measured on WooCommerce 11.0.1.

It ships with the product for rehearsals and is never reachable from another machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from channels.woocommerce.shop_server import FAULTS, Seen, ShopServer
from publisher.channel import Landed, Sandbox
from publisher.row import Row


class AdapterSandbox(Sandbox):
    """One shop, over plain http with signed requests; ``tls`` makes it one over https."""

    faults: ClassVar[tuple[str, ...]] = FAULTS

    def __init__(self, row: Row, account: str, folder: Path, *, tls: bool = False) -> None:
        super().__init__(row, account, folder)
        self.shop = ShopServer(folder, tls=tls)

    def start(self) -> Mapping[str, str]:
        """Listen on 127.0.0.1, on a free port."""
        root = self.shop.start()
        door = self.shop.door
        found = {
            "URL": root,
            "CONSUMER_KEY": door.key,
            "CONSUMER_SECRET": door.secret,
            "WP_USERNAME": door.user,
            "WP_PASSWORD": door.password,
        }
        if self.shop.ca_file is not None:
            found["TLS_CA_FILE"] = str(self.shop.ca_file)
        return found

    def stop(self) -> None:
        """Stop listening."""
        self.shop.stop()

    def landed(self) -> Sequence[Landed]:
        """Every product outside the trash, and every file that was uploaded."""
        return self.shop.books.landed()

    def seen(self) -> Sequence[Seen]:
        """Every request that was answered, in order."""
        return tuple(self.shop.seen)

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault of the shop on."""
        self.shop.faults.switch_on(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.shop.faults.clear()
