"""What devices say of themselves, as `fact=value` lines.

Nothing here was captured by us: each is put together from a public text, named beside it. Texts
after `getprop` are properties of that product as other projects keep them in their own tests.
"""

from __future__ import annotations

# google/husky of Android 14 (ro.hardware zuma) in a public project's test of device identity.
PIXEL_8_PRO = """\
uname.kernel=Linux
uname.machine=aarch64
program.present=dumpsys
getprop.ro.product.manufacturer=Google
getprop.ro.product.model=Pixel 8 Pro
getprop.ro.product.device=husky
getprop.ro.soc.manufacturer=Google
getprop.ro.soc.model=Tensor G3
getprop.ro.hardware=zuma
getprop.ro.build.version.sdk=34
"""
# Snapdragon 8 Elite Gen 5 as a public note on the S26 Ultra lists it.
SNAPDRAGON = """\
uname.kernel=Linux
uname.machine=aarch64
program.present=dumpsys
getprop.ro.product.manufacturer=samsung
getprop.ro.soc.model=SM8850
getprop.ro.soc.manufacturer=QTI
getprop.ro.board.platform=sun2
getprop.ro.hardware=qcom
getprop.ro.build.version.sdk=36
"""
# Redmi ares: a MediaTek phone in a public project's test of property dumps.
MEDIATEK = """\
uname.kernel=Linux
uname.machine=aarch64
getprop.ro.product.manufacturer=Xiaomi
getprop.ro.product.model=M2101K9C
getprop.ro.soc.model=MT6893
getprop.ro.build.version.sdk=33
"""
# wiki.termux.com, Differences from Linux: the prefix; the phone is the MediaTek one above.
TERMUX = f"env.prefix=/data/data/com.termux/files/usr\nprogram.present=python3\n{MEDIATEK}"
# Linux kernel, arch/arm64/boot/dts/broadcom/bcm2712-rpi-5-b.dts.
RASPBERRY_PI_5 = """\
uname.kernel=Linux
uname.machine=aarch64
os.id=debian
devicetree.model=Raspberry Pi 5 Model B Rev 1.0
devicetree.compatible=raspberrypi,5-model-b\0brcm,bcm2712
"""
# Linux kernel, arch/arm64/boot/dts/nvidia/tegra234-p3737-0000+p3701-0000.dts.
JETSON_AGX_ORIN = """\
uname.kernel=Linux
uname.machine=aarch64
os.id=ubuntu
program.present=nvpmodel
devicetree.model=NVIDIA Jetson AGX Orin Developer Kit
devicetree.compatible=nvidia,p3737-0000+p3701-0000\0nvidia,p3701-0000\0nvidia,tegra234
hwmon.name=ina3221
"""
# NVIDIA DRIVE OS 7.0.3 Linux SDK Developer Guide, Power Measurement Tool: the program's name.
DRIVE_QNX = """\
uname.kernel=QNX
uname.machine=aarch64le
program.present=tegra-power-sensing.qnx
"""
# procfs of the NVIDIA driver (README of the driver, /proc interface) on an x86 server.
GPU_SERVER = """\
uname.kernel=Linux
uname.machine=x86_64
os.id=ubuntu
dmi.product_name=PowerEdge XE9680
pci.display=10de:2330
nvidia.model=NVIDIA H100 80GB HBM3
powercap.name=package-0
"""
# A ThinkPad as Linux, Documentation/ABI/testing/sysfs-class-dmi names the keys.
LAPTOP = """\
uname.kernel=Linux
uname.machine=x86_64
os.id=fedora
dmi.sys_vendor=LENOVO
powercap.name=package-0
power_supply.type=Battery
"""
# StarFive VisionFive 2, arch/riscv/boot/dts/starfive: no profile is meant for it.
RISC_V_BOARD = """\
uname.kernel=Linux
uname.machine=riscv64
devicetree.model=StarFive VisionFive 2 v1.3B
"""

# The text, the way it came by, and the profile that must be first.
EXPECTED = {
    "pixel": (PIXEL_8_PRO, "adb", "pixel-6-plus"),
    "snapdragon": (SNAPDRAGON, "adb-direct", "qualcomm-android"),
    "mediatek": (MEDIATEK, "adb", "android"),
    "termux": (TERMUX, "ssh", "android-termux"),
    "raspberry": (RASPBERRY_PI_5, "ssh", "raspberry-pi-5"),
    "jetson": (JETSON_AGX_ORIN, "ssh", "jetson-orin"),
    "drive": (DRIVE_QNX, "ssh", "nvidia-drive"),
    "gpu-server": (GPU_SERVER, "ssh", "nvidia-edge-server"),
    "laptop": (LAPTOP, "ssh", "linux-pc"),
    "console": ("uname.kernel=Linux\nuname.machine=armv7l\n", "serial", "car-unit-serial"),
}
