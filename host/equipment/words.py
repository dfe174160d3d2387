"""Names and sentences of the equipment, in Chinese and English."""

from __future__ import annotations

from host.handover.text import Txt

AMBIENT = "ambient_temperature"
# quantity -> (name, coherent unit). `1` is a ratio; 45 % is "45" in the unit `%`.
KNOWN: dict[str, tuple[Txt, str]] = {
    AMBIENT: (Txt("环境温度", "ambient temperature"), "Cel"),
    "relative_humidity": (Txt("相对湿度", "relative humidity"), "1"),
    "air_pressure": (Txt("大气压", "air pressure"), "Pa"),
    "supply_voltage": (Txt("供电电压", "supply voltage"), "V"),
    "air_speed": (Txt("风速", "air speed"), "m/s"),
    "surface_temperature": (Txt("表面温度", "surface temperature"), "Cel"),
}

NO_DATES = Txt("运行没有日期，无法判断有效期", "the run has no dates to judge it by")
NO_DUE = Txt("证书和计划都没有给出到期日", "no due date is stated")
NO_READINGS = Txt("没有可用的读数", "the channel gave no readings")
NO_CERTIFICATE = Txt("没有校准证书", "no calibration certificate")
NO_FIT = Txt("没有适用于该通道的证书", "no certificate is for this channel")


def not_yet(calibrated: str, start: str) -> Txt:
    """A certificate of later than the run."""
    return Txt(
        f"校准日期 {calibrated} 晚于使用日期 {start}，不作修正",
        f"calibrated on {calibrated}, after its use on {start}; not applied",
    )


def expired(due: str, end: str) -> Txt:
    """A certificate that ran out before the run ended."""
    return Txt(
        f"有效期至 {due}，使用日期为 {end}，已过期；仍按其修正",
        f"was due on {due}, used on {end}; its correction is applied all the same",
    )


def out_of_range(channel: str, share: float) -> Txt:
    """Readings beyond the range. share: of all, 0..1."""
    return Txt(
        f"{channel} 有 {share:.1%} 的示值超出证书范围，这些示值未作修正",
        f"{share:.1%} of the indications of {channel} lie outside the range of the certificate"
        " and stay as they are",
    )


def mean_power_out(channel: str) -> Txt:
    """A counter beyond the range of its gain."""
    return Txt(
        f"{channel} 的平均功率超出证书范围，未作修正",
        f"the mean power of {channel} lies outside the range of the certificate; not corrected",
    )


def surroundings(value: str, low: str, high: str) -> Txt:
    """Too cold or too warm for the calibration. All in Cel."""
    return Txt(
        f"环境温度 {value} Cel 不在校准条件 {low} 至 {high} Cel 内",
        f"the ambient temperature of {value} Cel is not within the {low} to {high} Cel of the"
        " calibration",
    )


def applied(channel: str, mean: str) -> Txt:
    """That a correction was made. mean: its size, with the unit."""
    return Txt(f"已修正 {channel}，{mean}", f"{channel} corrected, {mean}")


def of_channels(names: list[str], why: Txt) -> Txt:
    """What holds for some channels of an instrument only."""
    named = ", ".join(names)
    return Txt(f"{named}：{why.zh}", f"{named}: {why.en}")


def joined(parts: list[Txt]) -> Txt | None:
    """Sentences after one another; None where there is none."""
    if not parts:
        return None
    return Txt("；".join(p.zh for p in parts), "; ".join(p.en for p in parts))
