"""What would bring back a source that is absent, in Chinese too: the agent says it in English.

The agent's words are part of its wire and stay as they are, so that older folders read the same.
A test finds each of them here; one that is not known is shown as it came.
"""

from __future__ import annotations

from typing import Final

from host.handover.text import Txt, same

_NO_SENSOR = "无法补救：虚拟机和某些板卡没有这种传感器"
_CHINESE: Final[dict[str, str]] = {
    "none": "无",
    "mount procfs": "挂载 procfs",
    "start the engine": "先启动推理引擎",
    "start the engine first, and let the agent run as the same user": (
        "先启动推理引擎，并让代理程序以同一用户运行"
    ),
    "load a cpufreq driver; a virtual machine has none, measure on the machine itself": (
        "加载 cpufreq 驱动；虚拟机没有，请在物理机上测量"
    ),
    "none: load a cpuidle driver, which virtual machines rarely have": (
        "一般无法补救：加载 cpuidle 驱动，虚拟机很少有"
    ),
    "none: load the driver of the board's sensors, if it has any (sensors-detect finds them)": (
        "若主板有传感器，加载其驱动（可用 sensors-detect 查找），否则无法补救"
    ),
    "none: only boards with an INA3221 (Jetson and the like) have these rails": (
        "无法补救：只有装有 INA3221 的板卡（如 Jetson）有这些供电轨"
    ),
    "boot with psi=1, on a kernel with CONFIG_PSI": "使用带 CONFIG_PSI 的内核并以 psi=1 启动",
    "pip install inferometer[nvidia]": "安装：pip install inferometer[nvidia]",
    "install the NVIDIA driver, or pass the GPU into the container": (
        "安装 NVIDIA 驱动，或把 GPU 映射进容器"
    ),
    "none: this board or driver does not give it": "无法补救：该板卡或驱动不提供",
    "none without a battery; on Android 12 and later use `dumpsys battery`, or a rooted device": (
        "没有电池则无法补救；Android 12 及以后用 `dumpsys battery`，或使用有 root 权限的设备"
    ),
    "pip install psutil": "安装：pip install psutil",
    "none: psutil finds none on this machine": "无法补救：psutil 在这台机器上没有找到",
    "let a group read it (Linux 5.10 and later give it to root only): udev rule SUBSYSTEM=="
    '"powercap", ACTION=="add", RUN+="/bin/chgrp power %S%p/energy_uj", RUN+="/bin/chmod g+r '
    '%S%p/energy_uj"': (
        "允许某个用户组读取（Linux 5.10 起默认只有 root 可读），udev 规则："
        'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chgrp power %S%p/energy_uj", '
        'RUN+="/bin/chmod g+r %S%p/energy_uj"'
    ),
    "none in a virtual machine; in a container, mount /sys/class/powercap from the host": (
        "虚拟机中无法补救；容器中请从主机挂载 /sys/class/powercap"
    ),
    "none: virtual machines and some boards have no such sensor": _NO_SENSOR,
}


def fix_words(fix: str) -> Txt:
    """A fix in both languages; one that is not known here as it stands."""
    return Txt(_CHINESE[fix], fix) if fix in _CHINESE else same(fix)
