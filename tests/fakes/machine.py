"""A machine with one of everything, as procfs and sysfs would show it."""

from __future__ import annotations

from pathlib import Path

from collectors.protocol import Scope
from tests.fakes.clock import SteppingClock
from tests.fakes.tree import tree

PID = 4321
CPU = "sys/devices/system/cpu"
THERMAL = "sys/class/thermal"
HWMON = "sys/class/hwmon"
POWERCAP = "sys/class/powercap"
BATTERY = "sys/class/power_supply/battery"

PROC = {
    "proc/stat": (
        "cpu  300 10 100 5000 40 3 7 5 20 0\n"
        "cpu0 100 10 50 2500 20 1 3 2 10 0\n"
        "cpu1 200 0 50 2500 20 2 4 3 10 0\n"
        "intr 302124 0 0\n"
        "ctxt 455235\n"
    ),
    "proc/meminfo": (
        "MemTotal:       24582036 kB\nMemFree:        20000000 kB\nMemAvailable:   24133832 kB\n"
        "Cached:           250860 kB\nSwapCached:            7 kB\nSwapFree:              0 kB\n"
    ),
    "proc/loadavg": "0.25 0.17 0.31 2/89 7626\n",
    "proc/cpuinfo": (
        "processor\t: 0\ncpu MHz\t\t: 2596.124\n\nprocessor\t: 1\ncpu MHz\t\t: 800.5\n"
    ),
    "proc/pressure/cpu": (
        "some avg10=0.08 avg60=0.51 avg300=2.51 total=104230811\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    ),
    "proc/pressure/memory": (
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=11\n"
    ),
    "proc/pressure/io": (
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=77\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=66\n"
    ),
    f"proc/{PID}/statm": "9000 3534 700 600 0 5000 0\n",
    f"proc/{PID}/status": "Name:\tengine\nVmPeak:\t   36000 kB\nVmHWM:\t   14136 kB\n",
    f"proc/{PID}/smaps_rollup": (
        "55898a4f2000-7ffd13948000 ---p 00000000 00:00 0                          [rollup]\n"
        "Rss:               16680 kB\nPss:               10451 kB\nPss_Anon:           8016 kB\n"
        "Pss_File:           2435 kB\nSwapPss:               3 kB\n"
    ),
}
CPU_FOLDER = {
    f"{CPU}/cpufreq/policy0/scaling_cur_freq": "1804000\n",
    f"{CPU}/cpufreq/policy0/scaling_min_freq": "300000\n",
    f"{CPU}/cpufreq/policy0/scaling_max_freq": "1804800\n",
    f"{CPU}/cpufreq/policy0/related_cpus": "0 1 2 3\n",
    f"{CPU}/cpufreq/policy4/scaling_cur_freq": "2419200\n",
    f"{CPU}/cpufreq/policy4/scaling_min_freq": "710400\n",
    f"{CPU}/cpufreq/policy4/scaling_max_freq": "2419200\n",
    f"{CPU}/cpu0/cpuidle/state0/name": "POLL\n",
    f"{CPU}/cpu0/cpuidle/state0/time": "12\n",
    f"{CPU}/cpu0/cpuidle/state1/name": "C6\n",
    f"{CPU}/cpu0/cpuidle/state1/time": "1608425425\n",
    f"{CPU}/cpu0/thermal_throttle/core_throttle_count": "3\n",
    f"{CPU}/cpu0/thermal_throttle/package_throttle_count": "8\n",
    f"{CPU}/cpu0/topology/physical_package_id": "0\n",
    f"{CPU}/cpu1/thermal_throttle/core_throttle_count": "4\n",
    f"{CPU}/cpu1/thermal_throttle/package_throttle_count": "8\n",
    f"{CPU}/cpu1/topology/physical_package_id": "0\n",
}
SENSORS = {
    f"{THERMAL}/thermal_zone0/type": "x86_pkg_temp\n",
    f"{THERMAL}/thermal_zone0/temp": "47000\n",
    f"{THERMAL}/thermal_zone1/type": "cpu-1-0 usr\n",
    f"{THERMAL}/thermal_zone1/temp": "-5700\n",
    f"{THERMAL}/cooling_device0/type": "Processor\n",
    f"{THERMAL}/cooling_device0/cur_state": "2\n",
    f"{THERMAL}/cooling_device0/max_state": "10\n",
    f"{HWMON}/hwmon0/name": "coretemp\n",
    f"{HWMON}/hwmon0/temp1_label": "Package id 0\n",
    f"{HWMON}/hwmon0/temp1_input": "48000\n",
    f"{HWMON}/hwmon1/name": "amdgpu\n",
    f"{HWMON}/hwmon1/power1_label": "PPT\n",
    f"{HWMON}/hwmon1/power1_average": "35000000\n",
    f"{HWMON}/hwmon1/power1_average_interval": "100\n",
    f"{HWMON}/hwmon1/energy1_input": "123456789\n",
    f"{HWMON}/hwmon1/in0_label": "vddgfx\n",
    f"{HWMON}/hwmon1/in0_input": "950\n",
    f"{HWMON}/hwmon1/curr1_input": "12000\n",
    f"{HWMON}/hwmon2/name": "ina3221\n",
    f"{HWMON}/hwmon2/in1_label": "VDD_IN\n",
    f"{HWMON}/hwmon2/in1_input": "5000\n",
    f"{HWMON}/hwmon2/curr1_input": "1200\n",
    f"{HWMON}/hwmon2/shunt1_resistor": "5000\n",
    f"{POWERCAP}/intel-rapl:0/name": "package-0\n",
    f"{POWERCAP}/intel-rapl:0/energy_uj": "99000\n",
    f"{POWERCAP}/intel-rapl:0/max_energy_range_uj": "262143328850\n",
    f"{POWERCAP}/intel-rapl:0:0/name": "dram\n",
    f"{POWERCAP}/intel-rapl:0:0/energy_uj": "5000\n",
    f"{POWERCAP}/intel-rapl:0:0/max_energy_range_uj": "65712999613\n",
    f"{BATTERY}/type": "Battery\n",
    f"{BATTERY}/status": "Discharging\n",
    f"{BATTERY}/voltage_now": "3900000\n",
    f"{BATTERY}/current_now": "-850000\n",
    f"{BATTERY}/charge_counter": "2500000\n",
    f"{BATTERY}/energy_now": "9700000\n",
    f"{BATTERY}/capacity": "81\n",
    f"{BATTERY}/temp": "312\n",
}
GPUS = {
    "sys/bus/iio/devices/iio:device0/name": "s2mpg10-odpm\n",
    "sys/class/drm/card0/device/gpu_busy_percent": "37\n",
    "sys/class/kgsl/kgsl-3d0/gpu_model": "Adreno730v2\n",
    "sys/class/kgsl/kgsl-3d0/gpuclk": "220000000\n",
    "sys/class/kgsl/kgsl-3d0/gpubusy": " 250000 1000000\n",
    "sys/class/misc/mali0/device/utilisation": "12\n",
    "sys/class/devfreq/1f000000.mali/cur_freq": "762000000\n",
    "sys/class/accel/accel0/device/npu_busy_time_us": "5012345\n",
    "sys/class/accel/accel0/device/npu_current_frequency_mhz": "1400\n",
    "sys/class/accel/accel0/device/npu_memory_utilization": "268435456\n",
    "sys/bus/pci/drivers/intel_vpu/uevent": "",
}
# Dumps with their origin in tests/data/README.md.
DATA = Path(__file__).parents[1] / "data"
DUMPS = {
    "bin/dumpsys.says/android.hardware.power.stats.IPowerStats/default": (
        "dumpsys/power-stats-hal2.txt"
    ),
    "sys/bus/iio/devices/iio:device0/energy_value": "power/odpm-energy_value.txt",
    "sys/bus/iio/devices/iio:device0/available_rails": "power/odpm-available_rails.txt",
    "bin/dumpsys.says/battery": "dumpsys/battery-android14.txt",
    "bin/dumpsys.says/thermalservice": "dumpsys/thermalservice-android14.txt",
    "bin/vcgencmd.says/pmic_read_adc": "power/pmic_read_adc-pi5.txt",
    "bin/ipmitool.says/dcmi": "power/dcmi.txt",
    "bin/macmon.says/pipe": "power/macmon.json",
}
# A program that says what stands in the file named by its first word.
SAYS = '#!/bin/sh\nexec cat "$0.says/$1"\n'
PROGRAMS = ("dumpsys", "vcgencmd", "ipmitool", "macmon")
FILES = {
    "sys/bus/iio/devices/iio:device0/name": "s2mpg10-odpm\n",
    **PROC,
    **CPU_FOLDER,
    **SENSORS,
    **GPUS,
}


def scope_of(root: Path, pid: int | None = PID) -> Scope:
    """Where collectors find the machine under `root`."""
    return Scope(SteppingClock(), root / "proc", root / "sys", pid, str(root / "bin"))


def machine(root: Path) -> Scope:
    """Write the whole machine."""
    tree(root, FILES)
    tree(root, {name: (DATA / file).read_bytes() for name, file in DUMPS.items()})
    driver = root / "sys/class/accel/accel0/device/driver"
    driver.symlink_to(root / "sys/bus/pci/drivers/intel_vpu")
    for name in PROGRAMS:
        says(root, name)
    return scope_of(root)


def says(root: Path, name: str, text: str = SAYS) -> Path:
    """A program of the machine."""
    path = tree(root, {f"bin/{name}": text}) / "bin" / name
    path.chmod(0o755)
    return path
