"""The host's error tree.

HostError                a sentence for the user and an exit code
├── UsageError           2: wrong use or bad input (plan, model, dataset, folder)
│   ├── ArtefactError    a model or dataset that is not what it should be
│   ├── PlanError        a plan file that cannot be run, with the key
│   ├── ProfileError     a device profile that cannot be used, with the key
│   ├── InventoryError   a list of devices that cannot be used, with the key
│   ├── EquipmentError   an equipment file or a certificate that cannot be used
│   ├── CalibrationError  a transfer calibration that cannot be used
│   ├── CampaignError    a campaign that cannot be run or gone on with
│   ├── CatalogueError   a catalogue of records that cannot be used, or a query that is none
│   ├── LaboratoryError  a laboratory file that cannot be read, with line and key
│   └── TakenError       another run is on the device
├── DeviceError          3: device, meter or engine failed
│   ├── TransportError   the way to the device failed
│   │   ├── UnreachableError    it does not answer: cable, network, switched off; may pass
│   │   ├── AccessRefusedError  it answers and does not let us in: key, password, host key
│   │   ├── CommandFailedError  a command ran there and failed, with its status
│   │   └── FarFileError        a file there cannot be read or written
│   ├── StoreError       a store on the device cannot take or give a file: full, read-only, in use
│   ├── AgentError       the agent said so, or fell silent
│   │   └── AgentGoneError  it fell silent, or ended without a word
│   └── ControlError     a setting of the device cannot be taken, or was lost
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


class ProfileError(UsageError):
    """A device profile cannot be used: (file, key and what is wrong)."""


class InventoryError(UsageError):
    """A list of devices cannot be used: (file, key and what is wrong)."""


class EquipmentError(UsageError):
    """An equipment file or a certificate cannot be used: (file, what is wrong)."""


class CalibrationError(UsageError):
    """A transfer calibration cannot be used, or not be stored: (file or name, what is wrong)."""


class CampaignError(UsageError):
    """A campaign cannot be run, gone on with or read: (file or folder, key and what is wrong)."""


class CatalogueError(UsageError):
    """A catalogue cannot be used, or a query is none: (file, URL or term, what is wrong)."""


class LaboratoryError(UsageError):
    """A laboratory file cannot be read or is missing: (file, line, key and what is wrong)."""


class FolderError(UsageError):
    """A run folder cannot be read or written: (path, what is wrong)."""


class TakenError(UsageError):
    """Somebody else's run is on the device."""


class DeviceError(HostError):
    """A device, a meter or an engine failed."""


class TransportError(DeviceError):
    """The way to the device failed: (device, detail).

    transient: whether the same call may succeed a little later.
    """

    transient = False


class UnreachableError(TransportError):
    """The device does not answer: (device, detail)."""

    transient = True


class AccessRefusedError(TransportError):
    """The device answers and does not let us in: (device, detail)."""


class CommandFailedError(TransportError):
    """A command on the device failed: (device, program, status, what it said)."""

    def __init__(self, device: str, program: str, status: int, said: str) -> None:
        super().__init__(device, program, status, said)
        self.status = status
        self.said = said

    def __str__(self) -> str:
        device, program, status, said = self.args
        return f"{device}: {program} ended with {status}" + (f": {said[:2000]}" if said else "")


class FarFileError(TransportError):
    """A file on the device cannot be read or written: (device, path, why)."""


class StoreError(DeviceError):
    """A store on a device cannot take or give a file: (device, path there, why)."""


class AgentError(DeviceError):
    """The agent failed or fell silent: (device, detail)."""


class AgentGoneError(AgentError):
    """The agent fell silent, or ended without a word: (device, detail)."""


class ControlError(DeviceError):
    """A setting cannot be taken, does not read back, or its lease is lost: (device, what)."""


class Interrupted(HostError):  # noqa: N818 - an outcome, not a defect
    """The user stopped the run."""

    exit_code = 130
