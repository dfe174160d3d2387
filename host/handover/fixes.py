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
    "Pixel 6 and later only; reading it needs root (adb root), without it the power stats service "
    "gives the same rails": (
        "只有 Pixel 6 及以后的机型有；读取需要 root（adb root），"
        "没有 root 时 power stats 服务给出相同的供电轨"
    ),
    "none where the driver shows no load (i915, xe, nouveau); on a phone these nodes are for root "
    "only (adb root)": (
        "驱动不提供负载时（i915、xe、nouveau）无法补救；手机上这些节点只有 root 可读（adb root）"
    ),
    "none without an NPU whose driver shows it: intel_vpu of Linux 6.11 and later": (
        "没有相应驱动的 NPU 则无法补救：需要 Linux 6.11 及以后的 intel_vpu"
    ),
    "none: measure the package (rapl) or the wall, and compare with it idle": (
        "无法补救：请测整个封装（rapl）或电源插座，并与空闲时比较"
    ),
    "install amdsmi of the ROCm release that the driver is from": (
        "安装与驱动同一 ROCm 版本的 amdsmi"
    ),
    "load amdgpu, and be in the groups video and render": (
        "加载 amdgpu 驱动，并加入 video 和 render 用户组"
    ),
    "none: this board or driver does not give it; hwmon_power has the GPU's power": (
        "无法补救：该板卡或驱动不提供；GPU 的功率见 hwmon_power"
    ),
    "none elsewhere: a service of Android": "只有 Android 有这一服务",
    "run the agent through adb or as root: an app such as Termux may not ask": (
        "请通过 adb 或以 root 运行代理程序：Termux 之类的应用无权查询"
    ),
    "none: this Android has no such service or says nothing of a known form": (
        "无法补救：此 Android 没有这一服务，或其回答不是已知的形式"
    ),
    "install libraspberrypi-bin (vcgencmd), and be in the group video; Raspberry Pi only": (
        "安装 libraspberrypi-bin（vcgencmd），并加入 video 用户组；仅限树莓派"
    ),
    "none: this board's firmware gives no rail, as a Raspberry Pi 4's and older": (
        "无法补救：此板的固件不提供供电轨（如树莓派 4 及更早的型号）"
    ),
    "install ipmitool and load ipmi_devintf, as root; servers with a BMC that knows DCMI only": (
        "以 root 安装 ipmitool 并加载 ipmi_devintf；仅限 BMC 支持 DCMI 的服务器"
    ),
    "none: this BMC gives no power reading by DCMI; ask its Redfish service from the host": (
        "无法补救：此 BMC 不通过 DCMI 提供功率；请从主机查询其 Redfish 服务"
    ),
    "pip install inferometer[apple], on a Mac with Apple Silicon": (
        "在 Apple 芯片的 Mac 上安装：pip install inferometer[apple]"
    ),
    "brew install macmon, on a Mac with Apple Silicon": (
        "在 Apple 芯片的 Mac 上安装：brew install macmon"
    ),
    "none: this chip does not show it": "无法补救：此芯片不提供",
    "none elsewhere: an interface of Windows 10 and later": "只有 Windows 10 及以后有这一接口",
    "none: no driver of this machine offers an energy meter; LibreHardwareMonitor may": (
        "无法补救：这台机器没有驱动提供电能计；LibreHardwareMonitor 也许可以"
    ),
    "run LibreHardwareMonitor as administrator with its remote web server on; Windows only": (
        "以管理员身份运行 LibreHardwareMonitor 并打开其远程 Web 服务；仅限 Windows"
    ),
    "none: it shows no power and no temperature here": "无法补救：此处没有功率和温度",
}


def fix_words(fix: str) -> Txt:
    """A fix in both languages; one that is not known here as it stands."""
    return Txt(_CHINESE[fix], fix) if fix in _CHINESE else same(fix)
