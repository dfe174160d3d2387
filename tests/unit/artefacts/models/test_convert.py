"""Conversion of a user's folder: commands, refusals, and what a converter leaves behind."""

import json
import sys
from pathlib import Path

import pytest

from host.artefacts.models.convert import (
    TARGETS,
    Tools,
    builder_argv,
    check_folder,
    convert,
)
from host.artefacts.models.inspection import quiet
from host.errors import ArtefactError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "hf"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"\x02" + b"\x00" * 7 + b"{}")
    return made


def tool(path: Path, body: str) -> Tools:
    """A program in place of Python with torch; it gets the whole command line."""
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, pathlib\n{body}\n")
    path.chmod(0o755)
    return Tools(str(path), script=path)


BUILD = """
out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
out.mkdir(parents=True)
(out / "genai_config.json").write_text(json.dumps([sys.argv[1:], os.environ["HF_HUB_OFFLINE"]]))
"""


def test_the_builder_is_told_int4_and_cpu_no_remote_code_and_no_network(
    tmp_path: Path, folder: Path
) -> None:
    goal = convert(folder, "onnx:int4", tmp_path / "out", tool(tmp_path / "py", BUILD), quiet)
    argv, offline = json.loads((goal / "genai_config.json").read_text())
    assert offline == "1"
    assert argv[:2] == ["-m", "onnxruntime_genai.models.builder"]
    assert argv[argv.index("-p") + 1] == "int4"
    assert argv[argv.index("-i") + 1] == str(folder)
    assert argv[-1] == "hf_remote=false"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hf", "out", "py"]


def test_what_the_converter_leaves_half_made_is_gone_and_its_last_words_are_said(
    tmp_path: Path, folder: Path
) -> None:
    broken = tool(tmp_path / "py", BUILD + "print('no such architecture'); sys.exit(3)")
    with pytest.raises(ArtefactError, match="could not be converted: no such architecture"):
        convert(folder, "onnx:int4", tmp_path / "out", broken, quiet)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hf", "py"]


def test_a_bare_error_is_said_with_the_line_that_raised_it(tmp_path: Path, folder: Path) -> None:
    broken = tool(tmp_path / "py", "print('assert vocab'); print('AssertionError'); sys.exit(1)")
    with pytest.raises(ArtefactError, match="converted: assert vocab: AssertionError"):
        convert(folder, "onnx:int4", tmp_path / "out", broken, quiet)


def test_a_python_without_torch_is_told_of_the_extra(tmp_path: Path, folder: Path) -> None:
    bare = tool(tmp_path / "py", "import no_such_torch")
    with pytest.raises(ArtefactError, match=r'the extra "models": pip install'):
        convert(folder, "gguf:q4_0", tmp_path / "out.gguf", bare, quiet)
    with pytest.raises(ArtefactError, match="cannot be run"):
        convert(folder, "onnx:int4", tmp_path / "out", Tools(str(tmp_path / "none")), quiet)


def test_what_the_script_writes_must_be_a_gguf_file(tmp_path: Path, folder: Path) -> None:
    body = "pathlib.Path(sys.argv[sys.argv.index('--outfile') + 1]).write_text('no GGUF')"
    with pytest.raises(ArtefactError, match="GGUF"):
        convert(folder, "gguf:q4_0", tmp_path / "out.gguf", tool(tmp_path / "py", body), quiet)
    assert not (tmp_path / "out.gguf").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("modeling_mine.py", "holds a program"),
        ("sub/evil.so", "holds a program"),
        ("pytorch_model.bin", "pickled weights"),
        ("weights.pt", "pickled weights"),
    ],
)
def test_a_folder_with_programs_or_pickles_is_refused(folder: Path, name: str, why: str) -> None:
    (folder / "sub").mkdir()
    (folder / name).write_text("print('run')")
    with pytest.raises(ArtefactError, match=why):
        check_folder(folder)


def test_what_is_no_model_folder_and_what_is_no_target_are_refused(
    tmp_path: Path, folder: Path
) -> None:
    with pytest.raises(ArtefactError, match=r"has no config\.json"):
        check_folder(tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ArtefactError, match="holds no safetensors"):
        check_folder(folder)
    with pytest.raises(ArtefactError, match="is not one of"):
        convert(folder, "gguf:q2", tmp_path / "x", Tools(), quiet)
    with pytest.raises(ArtefactError, match="is there already"):
        convert(folder, TARGETS[0], folder, Tools(), quiet)
    assert "int4" in builder_argv(folder, tmp_path, tmp_path, Tools())


def test_f16_is_the_script_s_own_file_and_without_the_script_one_is_told_where_to_get_it(
    tmp_path: Path, folder: Path, tiny_gguf: Path
) -> None:
    body = f"""
out = pathlib.Path(sys.argv[sys.argv.index("--outfile") + 1])
out.write_bytes(pathlib.Path({str(tiny_gguf)!r}).read_bytes())
"""
    goal = convert(folder, "gguf:f16", tmp_path / "f16.gguf", tool(tmp_path / "py", body), quiet)
    assert goal.read_bytes() == tiny_gguf.read_bytes()
    with pytest.raises(ArtefactError, match="pip download --no-deps") as caught:
        convert(folder, "gguf:q8_0", tmp_path / "y", Tools(script=tmp_path / "none.py"), quiet)
    assert "INFEROMETER_HF_TO_GGUF" in str(caught.value)
