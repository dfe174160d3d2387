"""The host's error tree.

HostError                a sentence for the user and an exit code
├── UsageError           2: wrong use or bad input (plan, model, dataset, folder)
│   ├── ArtefactError    a model or dataset that is not what it should be
│   ├── PlanError        a plan file that cannot be run, with the key
│   ├── EquipmentError   an equipment file or a certificate that cannot be used
│   └── LaboratoryError  a laboratory file that cannot be read, with line and key
├── DeviceError          3: device, meter or engine failed
│   ├── TransportError   the way to the device failed
│   └── AgentError       the agent said so, or fell silent
├── FolderError          2: a run folder that cannot be read
└── Interrupted          130: the user stopped the run; the folder can be resumed
"""

from __future__ import annotations


class HostError(Exception):
    """Something a user must be told in one sentence; `exit_code` ends the command."""

    exit_code = 3

    def __str__(self) -> str:
        return ": ".join(str(part) for part in self.args if part)


class UsageError(HostError):
    """Wrong use or bad input."""

    exit_code = 2


class ArtefactError(UsageError):
    """A model or a dataset is not what it should be: (path or id, what is wrong)."""


class PlanError(UsageError):
    """A plan cannot be run: (file, key and what is wrong)."""


class EquipmentError(UsageError):
    """An equipment file or a certificate cannot be used: (file, what is wrong)."""


class LaboratoryError(UsageError):
    """A laboratory file cannot be read or is missing: (file, line, key and what is wrong)."""


class FolderError(UsageError):
    """A run folder cannot be read or written: (path, what is wrong)."""


class DeviceError(HostError):
    """A device, a meter or an engine failed."""


class TransportError(DeviceError):
    """The way to the device failed: (device, detail)."""


class AgentError(DeviceError):
    """The agent failed or fell silent: (device, detail)."""


class Interrupted(HostError):  # noqa: N818 - an outcome, not a defect
    """The user stopped the run."""

    exit_code = 130
