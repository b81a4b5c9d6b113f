"""The view of the cores without the hidden one."""

import msgspec
import pytest

from router.core import Router
from router.server.hidden import HIDDEN, Served
from router.server.sections import TenantId


def test_the_hidden_tenant_is_not_among_those_served_and_a_core_made_anew_is() -> None:
    routers = {"acme": Router("acme"), HIDDEN: Router(HIDDEN)}
    served = Served(routers)
    routers["acme"] = anew = Router("acme")
    assert list(served) == ["acme"]
    assert len(served) == 1
    assert served["acme"] is anew
    assert served.get(HIDDEN) is None


def test_no_tenant_of_the_settings_can_have_its_name() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(HIDDEN, TenantId)
