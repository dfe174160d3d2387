"""What form a model on disk is meant to have, by the names of files alone: nothing is opened."""

from __future__ import annotations

from pathlib import Path

from host.artefacts.models.graph_names import SUFFIX

CONFIG_FILE = "genai_config.json"  # of onnxruntime-genai
TOKENIZER = "tokenizer_config.json"


def is_graph(path: Path) -> bool:
    """Whether `path` is meant to be a plain graph: an .onnx file, or a folder with one."""
    if path.is_dir():  # with a tokenizer it is a language model that lacks its configuration
        return any(path.glob(f"*{SUFFIX}")) and not (path / TOKENIZER).exists()
    return path.suffix == SUFFIX


def is_genai_folder(path: Path) -> bool:
    """Whether `path` is meant to be a folder for onnxruntime-genai."""
    return path.is_dir() and (path / CONFIG_FILE).is_file()
