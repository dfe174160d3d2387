"""Events at which a measurand or a convention starts and stops. Symbols as in the catalogue."""

from __future__ import annotations

from typing import Final

from host.handover.text import Txt

SCHEDULED: Final = Txt("请求的计划到达时刻 (t0)", "request scheduled (t0)")
SENT: Final = Txt("请求发出 (ts)", "request sent (ts)")
TOKENIZED: Final = Txt("提示完成分词 (ts)", "prompt tokenized (ts)")
PROMPT_HANDED: Final = Txt("提示交给模型", "prompt handed to the model")
PROMPT_COMPUTED: Final = Txt("提示计算完毕", "prompt computed")
PROMPT_LOGITS: Final = Txt(
    "提示最后位置的 logits 就绪", "logits of the last prompt position ready"
)
FIRST_LOGITS: Final = Txt("首词元的 logits 就绪", "logits of the first token ready")
FIRST_TOKEN: Final = Txt("选定首词元 (t1)", "first token chosen (t1)")
SECOND_TOKEN: Final = Txt("选定第二词元 (t2)", "second token chosen (t2)")
LAST_TOKEN: Final = Txt("选定末词元 (tn)", "last token chosen (tn)")
A_TOKEN: Final = Txt("选定一个词元", "a token chosen")
NEXT_TOKEN: Final = Txt("选定下一个词元", "the next token chosen")
CALL_RETURNED: Final = Txt("调用返回 (te)", "call returned (te)")
LOAD_CALLED: Final = Txt("调用引擎加载模型", "load call of the engine")
MODEL_READY: Final = Txt("模型可接受请求", "model ready for a request")
FIRST_REQUEST: Final = Txt("首个请求开始", "first request started")
FIRST_SCHEDULED: Final = Txt("首个计分请求的计划到达时刻", "first scored request scheduled")
LAST_SCHEDULED: Final = Txt("最后一个计分请求的计划到达时刻", "last scored request scheduled")
FIRST_STARTED: Final = Txt(
    "首个计分请求的计划到达或开始时刻", "first scored request scheduled or started"
)
FIRST_SENT: Final = Txt("首个计分请求发出", "first scored request sent")
LAST_RETURNED: Final = Txt("最后一个计分请求返回", "last scored request returned")
FIRST_SCORED_TOKEN: Final = Txt("首个计分词元", "first scored token")
LAST_SCORED_TOKEN: Final = Txt("最后一个计分词元", "last scored token")
LAST_OF_LAST: Final = Txt("最后一个计分请求的末词元", "last token of the last scored request")
PHASE_START: Final = Txt("阶段开始", "start of the phase")
PHASE_END: Final = Txt("阶段结束", "end of the phase")
FIRST_READING: Final = Txt("该次尝试的首个读数", "first reading of the attempt")
LAST_READING: Final = Txt("该次尝试的最后一个读数", "last reading of the attempt")
