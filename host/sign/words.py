"""What each outcome of a signature is called in Chinese and English."""

from __future__ import annotations

from host.handover.text import Txt

_SAID = {
    "valid": ("签名有效，密钥为已知密钥。", "The signature holds and the key is known."),
    "revoked-after": (
        "签名有效；该密钥于 {detail} 起撤销，签名在此之前。",
        "The signature holds; its key was revoked from {detail}, after it had signed.",
    ),
    "malformed": ("签名信封无效：{detail}。", "The envelope of signatures is no good: {detail}."),
    "invalid": (
        "签名与所签内容不符。",
        "The signature does not fit the bytes that it is said to sign.",
    ),
    "other-record": (
        "签名所签的不是此记录，首处不同：{detail}。",
        "The signature is over another record than this one; the first difference: {detail}.",
    ),
    "unknown-key": (
        "签名与内容相符，但密钥不在信任目录中，签名人身份未知。",
        "The signature fits, but its key is not known here: it proves nobody's consent.",
    ),
    "not-named": (
        "签名与内容相符，但记录中没有人员使用该密钥。",
        "The signature fits, but the record names nobody with this key.",
    ),
    "other-person": (
        "该密钥属于“{detail}”，与记录所列人员姓名不符。",
        "The key belongs to “{detail}”, not to the person whom the record names.",
    ),
    "other-role": (
        "该密钥只可用于以下角色：{detail}，记录所列角色不在其中。",
        "The key may sign as {detail}, which is not the role that the record states.",
    ),
    "expired": (
        "签名时该密钥已过有效期（至 {detail}）。",
        "The key had expired (on {detail}) when it signed.",
    ),
    "not-yet-valid": (
        "签名时间早于密钥生成时间（{detail}）。",
        "The signature is dated before the key was made ({detail}).",
    ),
    "revoked-before": (
        "该密钥自 {detail} 起已撤销，无法证明签名在此之前。",
        "The key is revoked from {detail}, and nothing shows that it signed before.",
    ),
    "token-good": (
        "时间戳有效（RFC 3161）。",
        "The time of signing is proved by an RFC 3161 time stamp.",
    ),
    "token-bad": (
        "时间戳不能采用：{detail}。",
        "There is a time stamp that proves nothing here: {detail}.",
    ),
}
_TIMES = {
    "rfc3161": (
        "签名时间由 RFC 3161 时间戳证明。",
        "Its time is proved by an RFC 3161 time stamp.",
    ),
    "record.issued": (
        "签名时间取自记录的签发日期，未经证明。",
        "Its time is the record's own date of issue, which nothing proves.",
    ),
    "record.performed": (
        "签名时间未知，只知不早于测量结束。",
        "When it signed is not known, only that the measurement had ended.",
    ),
    "none": ("签名时间未知。", "When it signed is not known."),
}


def sentence(code: str, *, source: str = "", detail: str = "") -> Txt:
    """The sentence for an outcome; source: what the time of signing rests on, if that matters."""
    zh, en = _SAID[code]
    text = Txt(zh.replace("{detail}", detail), en.replace("{detail}", detail))
    if not source or code in ("malformed", "invalid", "other-record"):
        return text
    said_zh, said_en = _TIMES[source]
    return Txt(f"{text.zh}{said_zh}", f"{text.en} {said_en}")
