"""Delivery: training results from Litmos into the ledger, and from there to the sinks; and who is who in Litmos."""

from syncd.delivery.collecting import Collected, collect
from syncd.delivery.delivering import deliver

__all__ = ["Collected", "collect", "deliver"]
