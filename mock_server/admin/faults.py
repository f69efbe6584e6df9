"""Faults as JSON: an order becomes faults, and a fault is shown as the order that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mock_server.admin.orders import read
from mock_server.faults.faults import Fault
from mock_server.faults.orders import FaultOrder, OrderContext
from mock_server.faults.presets import PresetOrder
from mock_server.services import Mock


def set_faults(mock: Mock, document: object, context: OrderContext) -> list[dict[str, Any]]:
    """Set the faults of an order, one or those of a preset, and return them as JSON. Raises Invalid."""
    preset: str | None = None
    orders: Sequence[object] = [document]
    if isinstance(document, dict) and document.get("preset") is not None:
        wanted = read(PresetOrder, document, context)
        preset, orders = wanted.preset, wanted.orders()
    now = mock.services.clock.timestamp()
    faults = [fault_of(read(FaultOrder, order, context), mock.services.ids.new("flt"), now, preset) for order in orders]
    mock.state.faults.put(faults)
    return [show_fault(fault, 0, now) for fault in faults]


def fault_of(order: FaultOrder, fault_id: str, now: float, preset: str | None) -> Fault:
    """Return the fault of an order that is given at `now`, in seconds since 1970."""
    return Fault(fault_id, order, None if order.ttl is None else now + order.ttl, preset)


def show_fault(fault: Fault, struck: int, now: float) -> dict[str, Any]:
    """Return a fault as JSON: the order, its id, and how often it struck. What has no value is left out."""
    ttl = None if fault.until is None else max(0.001, round(fault.until - now, 3))  # 0 cannot be restored
    order = fault.order.model_dump(exclude_none=True, exclude={"ttl"})
    shown = {"id": fault.id, "preset": fault.preset, **order, "ttl": ttl, "struck": struck}
    return {name: value for name, value in shown.items() if value is not None}
