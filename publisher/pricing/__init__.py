"""From the base prices of the manifest to the final prices of one account. Pure: decimals, data, no clock.

An adapter is handed an offer that is priced already: the account's currency, its rules applied, a sale in
force laid over it. Nothing here knows a channel or writes anything.
"""

from publisher.pricing.offers import Priced, Pricing, price_moment
from publisher.pricing.synced import PRICE_FIELDS, is_price, with_sales_ended

__all__ = ["PRICE_FIELDS", "Priced", "Pricing", "is_price", "price_moment", "with_sales_ended"]
