"""Rules by which a value is made from readings, as the record and its budgets name them."""

from __future__ import annotations

from typing import Final

from host.handover.text import Txt

COUNTER: Final = Txt(
    "计数器之差，边缘内插；界限：两端各一次更新",
    "counter difference, edges interpolated; bounds: one update at each end",
)
TRAPEZOID: Final = Txt(
    "梯形积分，边缘内插；界限：功率保持在前后两读数之间",
    "trapezoid, edges interpolated; bounds: power stays between its two readings",
)
HOLD: Final = Txt(
    "平均值向前保持到上一读数；界限：被边缘切开的读数计入或不计入，源的平均时间不长于读数周期",
    "average held back to the reading before; bounds: a cut edge reading counts or not, the"
    " source averages over no more than the reading period",
)
RATIO: Final = Txt(
    "同一阶段两个来源的平均功率之比，逐次相除后取平均；不作平均合并",
    "mean powers of one phase by two sources, divided attempt by attempt; never averaged",
)
TIME_MEAN: Final = Txt("时间平均，读数之间按梯形", "time mean, trapezoid between readings")
TEMPERATURE_RISE: Final = Txt(
    "窗口内最大读数减去窗口开始时或之前的最后一个读数",
    "largest reading in the window less the last one at or before its start",
)
KERNEL_PEAK: Final = Txt(
    "内核自记的峰值（/proc/PID/status 的 VmHWM，proc(5)），取最后一个读数",
    "the kernel's own peak (VmHWM of /proc/PID/status, proc(5)), last reading",
)
LARGEST_RESIDENT: Final = Txt(
    "常驻内存读数的最大值；读数之间的峰值会漏掉",
    "largest of the readings of resident memory; peaks between readings are missed",
)
LARGEST_IN_USE: Final = Txt(
    "已用内存读数的最大值；读数之间的峰值会漏掉",
    "largest of the readings of memory in use; peaks between readings are missed",
)
AVAILABLE_DROP: Final = Txt(
    "/proc/meminfo 的 MemAvailable（proc(5)）：整个系统，含其他进程",
    "MemAvailable of /proc/meminfo (proc(5)): whole system, other processes included",
)
THROTTLE_EVENTS: Final = Txt(
    "该次尝试最后一个读数减去首个读数", "last reading less first reading of the attempt"
)
THROTTLED_SHARE: Final = Txt(
    "计分请求内非 0 读数所占比例",
    "share of the readings in the scored requests that are not 0",
)
CHUNKS: Final = Txt(
    "客户端所见：首词元为首个有文本的数据块，到达时刻即其时标；词元数由服务器给出；"
    "解码速率为 (n - 首块词元数) / (末块 - 首块)",
    "as the client sees it: the first token is the first chunk with text, stamped when it came;"
    " the server counts tokens; decode rate is (n - tokens of the first chunk) / (last chunk -"
    " first chunk)",
)
BATCHED: Final = Txt(
    "各路连续成批：提示与其他各路的提示和解码同批计算；提示在该步之前已分词，首词元时间不含分词",
    "streams batched continuously: a prompt is computed beside the prompts and decoding of others;"
    " prompts are tokenized before the step begins, so first-token times hold no tokenizing",
)

RULES: Final = (
    CHUNKS,
    BATCHED,
    COUNTER,
    TRAPEZOID,
    HOLD,
    RATIO,
    TIME_MEAN,
    TEMPERATURE_RISE,
    KERNEL_PEAK,
    LARGEST_RESIDENT,
    LARGEST_IN_USE,
    AVAILABLE_DROP,
    THROTTLE_EVENTS,
    THROTTLED_SHARE,
)
