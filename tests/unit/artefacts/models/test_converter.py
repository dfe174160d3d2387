"""llama.cpp's script out of an archive of sources: what it needs comes along, and nothing else."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from host.artefacts.models.converter import SCRIPT, converter
from host.errors import ArtefactError

AT = "llama_cpp_python-0.3.36/vendor/llama.cpp"


def archive(path: Path, files: Mapping[str, bytes], *, links: Mapping[str, str] = {}) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, goal in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, goal
            tar.addfile(member)
    return path


def test_the_script_comes_with_what_it_imports_and_goes_again(tmp_path: Path) -> None:
    files = {
        f"{AT}/{SCRIPT}": b"script",
        f"{AT}/gguf-py/gguf/reader.py": b"reader",
        f"{AT}/conversion/llama.py": b"llama",
        f"{AT}/src/llama.cpp": b"c++",
        f"{AT}/gguf-py/tests/model.gguf": b"data",
        f"{AT}/gguf-py/../../../../escaped.py": b"bad",
        "llama_cpp_python-0.3.36/setup.py": b"setup",
        f"{AT}/ggml/deep/{SCRIPT}": b"another",
    }
    made = archive(tmp_path / "s.tar.gz", files, links={f"{AT}/gguf-py/link.py": "/etc/passwd"})
    with converter(made) as script:
        folder = script.parent
        found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*")}
    assert found == {
        SCRIPT: b"script",
        "gguf-py/gguf/reader.py": b"reader",
        "conversion/llama.py": b"llama",
    }
    assert not folder.exists()


def test_a_plain_file_is_the_script_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("print()")
    with converter(path) as script:
        assert script == path


@pytest.mark.parametrize("cut", [False, True])
def test_an_archive_without_it_or_cut_off_is_a_sentence(tmp_path: Path, *, cut: bool) -> None:
    made = archive(tmp_path / "s.tar.gz", {f"{AT}/x{i}.py": bytes(range(256)) for i in range(99)})
    if cut:
        made.write_bytes(made.read_bytes()[:-200])
    why = "cannot be unpacked" if cut else f"holds no {SCRIPT}"
    with pytest.raises(ArtefactError, match=why) as caught, converter(made):
        pass
    assert "\n" not in str(caught.value)


def test_where_it_is_not_there_one_command_gets_it(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="pip download --no-deps --no-binary") as caught:  # noqa: SIM117
        with converter(tmp_path / "none.py"):
            pass
    assert "\n" not in str(caught.value)
