"""Takes a picture of every state of the widget, when asked to: ``FAIRLINE_PICTURES=1``
(`conftest.py` collects it then alone).

Owns: which states are pictured in which light. Does not know: how a state is reached.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.customers import STATES, Customer
from tests.helpers.scripted_process import ScriptedServer
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]

FOLDER = Path(__file__).parents[2] / "docs" / "pictures" / "widget"
BYTES_MAX = 150_000
DESK: dict[str, object] = {"viewport": {"width": 520, "height": 720}}
PHONE: dict[str, object] = {
    "viewport": {"width": 375, "height": 667},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
LIGHTS: dict[str, tuple[dict[str, object], str]] = {
    "light": (DESK, ""),
    "dark": ({**DESK, "color_scheme": "dark"}, ""),
    "phone": (PHONE, ""),
    "rtl": (DESK, 'data-lang="ar"'),
}


@pytest.mark.parametrize("light", LIGHTS)
def test_every_state_has_its_picture(
    server: ScriptedServer, open_page: OpenPage, light: str
) -> None:
    options, tag = LIGHTS[light]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, reach in STATES.items():
        server.fresh()
        customer = Customer(open_page(**options), server)
        reach(customer, tag)
        file = FOLDER / f"{name}-{light}.png"
        customer.page.screenshot(path=file, animations="disabled")
        assert 5_000 < file.stat().st_size < BYTES_MAX
        customer.page.context.close()
