"""Reason codes of attempts and verdicts, and what each means to a reader, in both languages.

A reason is `code: detail`; the detail is what was seen, in the words of whoever saw it. Codes come
from both agents (`agent/`, `agent/shell/`), from `host/run/`, `host/state/`, `host/align/`,
`host/audit/`, `host/check/rules_plausible.py`, `host/pipeline/{fill,probes}.py` and
`host/record/{audit,verdict}.py`; a test finds every one of them here.
"""

from __future__ import annotations

import re
from typing import Final

from host.handover.text import Txt

REASONS: Final[dict[str, Txt]] = {
    # What held up or ended an attempt.
    "gate-timeout": Txt(
        "等待超时：测量前必须满足的条件没有按时满足",
        "a gate stayed shut: what must hold before an attempt did not hold in time",
    ),
    "stopped": Txt("被使用者停止", "it was stopped by the user"),
    "interrupted": Txt("被使用者中断", "it was interrupted by the user"),
    "detached": Txt(
        "已交给设备自行运行，尚未收回", "it was left to the device and not collected yet"
    ),
    "cut-off": Txt(
        "主机在测量途中结束，只留下已收回的数据",
        "the host ended in the middle; only what had been collected is there",
    ),
    "agent-died": Txt(
        "设备上的代理程序中途结束或失去联系，已采样的数据保留",
        "the agent on the device ended or was lost; what was sampled is kept",
    ),
    "device-failed": Txt("设备出错或不再应答", "the device failed or no longer answered"),
    "bad-order": Txt("设备不接受该测量指令", "the device refused the order for the attempt"),
    # The engine.
    "engine-error": Txt("推理引擎报告错误", "the engine reported an error"),
    "engine-crash": Txt("推理引擎异常退出", "the engine's process crashed"),
    "engine-hang": Txt(
        "推理引擎在规定时间内没有动静，已被结束",
        "the engine gave no sign of life in the time allowed and was ended",
    ),
    "engine-out-of-memory": Txt("推理引擎内存不足", "there was not enough memory for the engine"),
    "server-changed": Txt(
        "测量途中服务器换了模型或版本，不知测到的是哪一个",
        "the server became another one in the middle, so nobody knows which one was measured",
    ),
    "runner-output": Txt(
        "运行程序的输出与其说明文件不符，见所列各行",
        "what the runner printed does not fit its description; see its lines",
    ),
    "token-count": Txt(
        "词元数与计划不符，速率因此不可比",
        "the number of tokens is not what was ordered, so no rate could be compared",
    ),
    # The sampler and what it wrote.
    "sampler-died": Txt("采样进程中途结束", "the sampler ended before the attempt did"),
    "disk-full": Txt("设备存储空间已满", "the device's disk is full"),
    "spool-unwritable": Txt("设备上的数据目录无法写入", "the device's spool cannot be written"),
    "stream-damaged": Txt(
        "数据流损坏：有行缺失、残缺或校验不符",
        "a stream is damaged: lines are missing, torn, or do not match their CRC",
    ),
    "transfer-damaged": Txt(
        "收回的文件与代理程序所写的不同", "a file that was collected is not what the agent wrote"
    ),
    # The state of the device around the attempt.
    "lease-lost": Txt(
        "设备长时间没有收到主机消息，已自行恢复设置",
        "the device heard nothing of the host for too long and put its settings back",
    ),
    "control-changed": Txt(
        "测量期间所固定的设置被改动", "a setting that was held during the attempt was changed"
    ),
    "device-rebooted": Txt("设备在测量期间重新启动", "the device restarted during the attempt"),
    "state-unknown": Txt(
        "测量后无法查询设备状态，不能确认其未变",
        "the device's state could not be asked after the attempt, so it is not known to have held",
    ),
    "state-faked": Txt(
        "设备状态被人为设定，不反映实际情况",
        "the device's state was set by hand and does not show what is",
    ),
    "charged": Txt(
        "测量期间设备由外部供电或充电", "the device was fed from outside during the attempt"
    ),
    "throttle": Txt("设备在测量期间降频", "the device throttled during the attempt"),
    "throttle-unknown": Txt(
        "无法判断设备在测量期间是否降频", "it cannot be told whether the device throttled"
    ),
    # A meter on the bench; of results, not of attempts.
    "meter-out-of-time": Txt(
        "功率计的读数与负载脉冲的时刻不符，超出已知的界限",
        "the meter's readings show the load pulses at another time than all bounds allow",
    ),
    # Fidelity: of the run as a whole, whose attempts keep their own status.
    "fidelity-gate": Txt(
        "模型输出与参考的差异超出方案的限值：快而不对",
        "the model's output is further from the reference than the plan allows: fast and wrong",
    ),
    "fidelity-not-finite": Txt(
        "模型给出的 logits 不是有限的数", "the model gave logits that are no finite numbers"
    ),
    "fidelity-vocabulary": Txt(
        "模型与参考的 logits 个数不同，无法比较",
        "the model gives another number of logits than the reference, so none can be compared",
    ),
    "fidelity-missing": Txt(
        "方案要求保真度结果，但没有得到", "the plan asks for a fidelity result, and there is none"
    ),
    "fidelity-damaged": Txt(
        "保真度数据不完整或不属于本次运行",
        "the scores are incomplete, or are not those of this run",
    ),
    # A visit of a campaign.
    "bad-input": Txt(
        "输入有误，未能测量", "something that was given is wrong, so nothing was measured"
    ),
    "run-gone": Txt(
        "运行目录已被删除，不再计入", "the run folder was deleted: it does not count any more"
    ),
    "device-taken": Txt("设备被另一测量占用", "another run was on the device"),
    "cell-changed": Txt(
        "同一单元的模型、引擎或设置与此前不同，不计入",
        "the cell's model, engine or settings are not what they were before: it does not count",
    ),
    "power-changed": Txt(
        "功率证据与该单元首次访问不同：不同等级的能量不取平均",
        "power was had otherwise than in the cell's first visit: energies of several tiers are"
        " not averaged",
    ),
    # The verdict of a run.
    "ended-early": Txt("测量提前结束", "the run ended early"),
    "attempts-missing": Txt("计划的测量次没有全部完成", "not all planned attempts have ended"),
    "no-attempt": Txt("没有任何测量次", "there is no attempt"),
    "beyond-limit": Txt(
        "结果超出设备可能达到的限值，测量必有错误",
        "a result is beyond what the device can do, so something in the measurement is wrong",
    ),
    # What no real run of the model shows: by audit probes, by times and outputs.
    "audit-repeat": Txt(
        "重复的提示比新提示快：有未声明的缓存",
        "a repeated prompt is faster than a new one: there is a cache that nobody declared",
    ),
    "audit-seed": Txt(
        "数据集的提示比等长的未知提示快：答案是事先准备的",
        "the dataset's prompts are faster than unknown ones like them: answers were prepared",
    ),
    "audit-permuted": Txt(
        "权重改变后输出不变或速度改变：所运行的不是所给的模型",
        "other weights gave the same output, or another speed: what runs is not the model given",
    ),
    "audit-canary": Txt(
        "输出与该模型的已知输出不同：所运行的是别的模型",
        "outputs are not the known ones of this model: another model runs",
    ),
    "audit-length": Txt(
        "输出长度与该模型的已知长度不符：输出被截短或拉长",
        "outputs are not as long as this model's are known to be: they are cut or padded",
    ),
    "constant-times": Txt(
        "时间完全相同，真实运行不会如此", "times are all alike, as in no real run"
    ),
    "zero-time": Txt("用时为零，真实运行不会如此", "it took no time, as in no real run"),
    "repeated-output": Txt(
        "所有输出都在重复同一片段：模型或引擎有误",
        "all outputs are one loop: model or engine is broken",
    ),
    "probe-not-made": Txt("探针无法准备", "the probe could not be made"),
    "probe-missing": Txt("探针未执行", "the probe was not run"),
    "probe-void": Txt("探针的测量次作废", "the attempt of the probe is void"),
    "probe-empty": Txt("探针没有可比较的内容", "the probe left nothing to compare"),
    "seed-not-after-plan": Txt(
        "不能证明种子在方案提交之后抽取",
        "nothing proves that the seed was drawn after the plan was committed",
    ),
    "cache-declared": Txt(
        "设置中声明了提示缓存，故不判定", "the settings declare a cache of prompts: not judged"
    ),
    "no-reference": Txt("没有该模型的已知输出", "no known outputs of the model are there"),
}
# What a verdict puts before the reason of an attempt, or of an early end.
_OUTER = re.compile(r"attempt-(?:void|incomplete): attempt [0-9]+, |ended-early: ")


def code_of(reason: str) -> str:
    """The code of a reason; of a verdict's reason that of the attempt it speaks of."""
    inner = _OUTER.sub("", reason, count=1) if _OUTER.match(reason) else reason
    return inner.partition(":")[0].strip()


def explained(reason: str) -> Txt | None:
    """What a reason means; None for a code that is not known here."""
    return REASONS.get(code_of(reason))
