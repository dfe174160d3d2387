"""Digital calibration certificates of a made-up laboratory, in the shapes that are in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

NAMESPACES = 'xmlns:dcc="https://ptb.de/dcc" xmlns:si="https://ptb.de/si"'


@dataclass(frozen=True, slots=True)
class Column:
    """A quantity: its refType, unit and values, and U with k where it has them.

    form: `list21`, `list22`, `real21` or `real22`, by the release of D-SI.
    """

    ref: str
    unit: str
    values: str
    U: str = ""
    k: str = ""
    form: str = "list21"

    def xml(self) -> str:
        return f'<dcc:quantity refType="{self.ref}">{self.inner()}</dcc:quantity>'

    def inner(self) -> str:
        """The `si` element alone, as a hybrid holds it."""
        suffix = "XMLList" if self.form.startswith("list") else ""
        element = f"realList{suffix}" if suffix else "real"
        return (
            f"<si:{element}><si:value{suffix}>{self.values}</si:value{suffix}>"
            f"<si:unit{suffix}>{escape(self.unit)}</si:unit{suffix}>"
            f"{self._uncertainty(suffix)}</si:{element}>"
        )

    def _uncertainty(self, suffix: str) -> str:
        if not self.U:
            return ""
        k = f"<si:coverageFactor{suffix}>{self.k}</si:coverageFactor{suffix}>" if self.k else ""
        p = f"<si:coverageProbability{suffix}>0.95</si:coverageProbability{suffix}>"
        if self.form.endswith("21"):
            body = f"<si:uncertainty{suffix}>{self.U}</si:uncertainty{suffix}>{k}{p}"
            return f"<si:expandedUnc{suffix}>{body}</si:expandedUnc{suffix}>"
        body = f"<si:valueExpandedMU{suffix}>{self.U}</si:valueExpandedMU{suffix}>{k}{p}"
        inner = f"<si:expandedMU{suffix}>{body}</si:expandedMU{suffix}>"
        outer = f"measurementUncertaintyUnivariate{suffix}"
        return f"<si:{outer}>{inner}</si:{outer}>"


INDICATION = Column("basic_measuredValue", r"\watt", "1 10 40")
REFERENCE = Column(
    "basic_referenceValue", r"\watt", "1.010 10.030 39.970", "0.004 0.008 0.02", "2"
)


def result(columns: Sequence[Column | str], *, identity: str = "r1") -> str:
    """A `result`; a column may be given as ready XML."""
    inner = "".join(c if isinstance(c, str) else c.xml() for c in columns)
    return (
        f'<dcc:result id="{identity}"><dcc:name><dcc:content lang="en">power</dcc:content>'
        f"</dcc:name><dcc:data><dcc:list>{inner}</dcc:list></dcc:data></dcc:result>"
    )


def dcc(
    *results: str,
    version: str = "3.2.1",
    number: str = "C-2026-7",
    end: str = "2026-02-03",
    serials: Sequence[str] = ("91K123456",),
) -> str:
    """A whole certificate; without results, one table of three points."""
    body = "".join(results) or result([INDICATION, REFERENCE])
    items = "".join(
        '<dcc:identification refType="basic_serialNumber"><dcc:issuer>manufacturer</dcc:issuer>'
        f"<dcc:value>{serial}</dcc:value></dcc:identification>"
        for serial in serials
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<dcc:digitalCalibrationCertificate {NAMESPACES} schemaVersion="{version}">
 <dcc:administrativeData>
  <dcc:coreData>
   <dcc:countryCodeISO3166_1>CN</dcc:countryCodeISO3166_1>
   <dcc:uniqueIdentifier>{number}</dcc:uniqueIdentifier>
   <dcc:beginPerformanceDate>2026-02-01</dcc:beginPerformanceDate>
   <dcc:endPerformanceDate>{end}</dcc:endPerformanceDate>
   <dcc:issueDate>2026-03-09</dcc:issueDate>
  </dcc:coreData>
  <dcc:items>
   <dcc:item><dcc:model>WT310E</dcc:model><dcc:identifications>{items}</dcc:identifications></dcc:item>
  </dcc:items>
  <dcc:calibrationLaboratory>
   <dcc:calibrationLaboratoryCode>L0502</dcc:calibrationLaboratoryCode>
   <dcc:contact><dcc:name>
    <dcc:content lang="zh">示例计量院</dcc:content>
    <dcc:content lang="en">Example Institute
      of Metrology</dcc:content>
   </dcc:name></dcc:contact>
  </dcc:calibrationLaboratory>
 </dcc:administrativeData>
 <dcc:measurementResults><dcc:measurementResult>
  <dcc:influenceConditions><dcc:influenceCondition><dcc:data>
   <dcc:quantity refType="basic_measuredValue"><si:real><si:value>23</si:value>
   <si:unit>\\degreecelsius</si:unit></si:real></dcc:quantity>
  </dcc:data></dcc:influenceCondition></dcc:influenceConditions>
  <dcc:results>{body}</dcc:results>
 </dcc:measurementResult></dcc:measurementResults>
</dcc:digitalCalibrationCertificate>
"""
