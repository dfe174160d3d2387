"""A record in which every formal field has something to say, put on the sample record."""

from __future__ import annotations

from typing import Any

import msgspec

from host.handover.formal import (
    CertificateField,
    CustomerField,
    EnvironmentField,
    EquipmentField,
    LaboratoryField,
    PersonField,
    StatusField,
)
from host.handover.quantity import CorrelationField
from host.handover.record import Record
from host.handover.text import Txt
from tests.fakes.records import sample_record

WHEN = "2026-01-06T08:00:00Z"
BOUND_S = "0.0025100"
LABORATORY = LaboratoryField(
    name=Txt("示例实验室", "Example laboratory"),
    address=Txt("示例路1号", "1 Example Road"),
    accreditation_no="L0000",
    location=Txt("二号实验间", "room 2"),
)
PEOPLE = (
    PersonField("A. Operator", "operator", "a" * 64),
    PersonField("B. Checker", "checker"),
    PersonField("C. Approver", "approver", "c" * 64),
)
VALID = CertificateField(
    channel="hwmon.board.power",
    number="C-1",
    issuer="Example calibration",
    accreditation="L0001",
    calibrated="2026-01-01",
    due="2026-12-31",
    sha256="b" * 64,
    in_validity=True,
    in_range=True,
)
EXPIRED = CertificateField(
    channel="hwmon.board.power",
    number="C-2",
    issuer="Another issuer",
    accreditation="",
    calibrated="2024-01-01",
    due="2024-12-31",
    sha256="d" * 64,
    in_validity=False,
    in_range=None,
    reason=Txt("证书已过期", "the certificate had expired"),
)
METER = EquipmentField(
    id="board-sensor#0001",
    kind="on_board",
    maker="Example",
    model="S1",
    serial="0001",
    firmware="1.0",
    location="bench",
    channels=("hwmon.board.power",),
    certificates=(VALID, EXPIRED),
    tier="B",
    reason=Txt("板载传感器", "a sensor on the board"),
)
NO_METER = Txt("not-measured: 没有湿度计", "not-measured: no hygrometer")
ENVIRONMENT = (
    EnvironmentField(
        "ambient_temperature",
        Txt("环境温度", "ambient temperature"),
        "23.4",
        "Cel",
        "0.5",
        "2",
        Txt("实验室文件：墙上温度计", "laboratory file: wall thermometer"),
        "thermometer#7",
    ),
    EnvironmentField(
        "humidity",
        Txt("湿度", "humidity"),
        None,
        "%",
        missing=NO_METER,
    ),
)
TIME: dict[str, Any] = {
    "interval_clock": "monotonic_raw@example",
    "clocks": [
        {
            "id": "monotonic_raw",
            "device": "device",
            "api": "CLOCK_MONOTONIC_RAW",
            "use": "durations",
            "resolution_ns": "1",
            "read_cost_ns": None,
            "disciplined": False,
            "stepped": False,
            "stops_in_suspend": None,
        }
    ],
    "alignment": [],
    "utc_source": {"name": "chronyd ntp.example.org", "stratum": 2, "path": None, "version": ""},
    "utc_bound_s": BOUND_S,
    "rate": {
        "ppm": "20",
        "u_ppm": "0.29",
        "half_width_ppm": "0.5",
        "how": "compared_to_utc",
        "source": {"zh": "由 chronyd 给出", "en": "as chronyd gives it"},
    },
    "sync_before": {"time": WHEN, "offset_s": "0.00001", "freq_ppm": None, "leap": "normal"},
    "sync_after": None,
    "stepped": False,
    "slewed": True,
    "suspended": None,
    "step_ns": None,
    "durations_void": False,
    "corrections_text": {"zh": "前后各读一次。", "en": "Read before and after."},
    "traceability_text": {"zh": "时间戳溯源至UTC", "en": "Time stamps refer to UTC"},
}


def full_record(state: str = "amended") -> Record:
    """The sample record, issued and replaced, with a correlation in its first budget."""
    record = sample_record()
    first = record.budgets[0]
    a, b, *_ = (row.symbol for row in first.rows)
    told = msgspec.structs.replace(
        first, correlations=(CorrelationField(a, b, "0.25", Txt("同一时钟", "the same clock")),)
    )
    return msgspec.structs.replace(
        record,
        record_no="EX-2026-001",
        status=msgspec.convert(
            {
                "state": state,
                "replaces": f"urn:sha256:{'e' * 64}",
                "reason": {"zh": "更正客户名称", "en": "the customer's name corrected"},
                "date": WHEN,
            },
            StatusField,
        ),
        laboratory=LABORATORY,
        customer=CustomerField(Txt("示例客户", "Example customer"), "customer@example.org"),
        people=PEOPLE,
        item_received="2026-01-04",
        issued=WHEN,
        intended_use=Txt("选型", "choice of a device"),
        equipment=(METER,),
        environment=ENVIRONMENT,
        budgets=(told, *record.budgets[1:]),
        time=TIME,
        external_provider_results=("outside-result-1",),
        opinions=Txt("结果平稳。", "Results are steady."),
    )
