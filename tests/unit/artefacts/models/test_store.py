from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from host.artefacts.models.graph_names import FORMS
from host.artefacts.models.inspection import inspect, quiet
from host.artefacts.models.llama_quantizer import llama_quantize
from host.artefacts.models.store import (
    ENVIRONMENT,
    QUANTIZATIONS,
    listing,
    make,
    quantize,
    resolve,
    store_dir,
)
from host.errors import ArtefactError

ROOT = Path(__file__).parents[4]


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


MAKE = """
import sys
from pathlib import Path
from host.artefacts.models.store import make
print(make("tiny", sys.argv[2], directory=Path(sys.argv[1])))
"""
FILE_LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))
"""
STOPPED = """
import os, sys
from pathlib import Path
from host.artefacts.models.store import make
def stop(done, total, what):
    if done:
        os._exit(9)
make("tiny", sys.argv[2], directory=Path(sys.argv[1]), progress=stop)
"""


@pytest.mark.parametrize("quantization", ["q4_0", "int4"])
def test_makers_at_the_same_time_leave_one_whole_model(tmp_path: Path, quantization: str) -> None:
    makers = [python(MAKE, str(tmp_path), quantization) for _ in range(2)]
    said = [maker.communicate() for maker in makers]
    assert [maker.returncode for maker in makers] == [0, 0], said
    (path,) = tmp_path.iterdir()
    assert [out.strip() for out, _ in said] == [str(path)] * 2
    assert inspect(path).parameters == 27_795_968


@pytest.mark.parametrize("quantization", ["q4_0", "int4"])
def test_full_disk_leaves_nothing_and_says_so(tmp_path: Path, quantization: str) -> None:
    """A limit on the size of files stands for the full disk: writes fail half way."""
    maker = python(FILE_LIMIT + MAKE, str(tmp_path), quantization)
    _, said = maker.communicate()
    assert maker.returncode == 1
    assert said.splitlines()[-1].startswith("host.errors.ArtefactError: ")
    assert "could not be written" in said.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("quantization", ["q4_0", "int4"])
def test_killed_maker_leaves_no_finished_looking_model_and_the_next_one_cleans_up(
    tmp_path: Path, quantization: str
) -> None:
    maker = python(STOPPED, str(tmp_path), quantization)
    maker.communicate()
    assert maker.returncode == 9
    (left,) = tmp_path.iterdir()
    assert left.suffix == ".part"
    assert all(stored.path is None for stored in listing(tmp_path))
    path = make("tiny", quantization, directory=tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_part_of_a_maker_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    running = tmp_path / f"tiny-f16.gguf.{os.getpid()}-00000000.part"
    running.touch()
    make("tiny", directory=tmp_path)
    assert running.exists()


def test_model_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    there = tmp_path / "tiny-q4_0.gguf"
    there.write_bytes(b"made before")
    assert make("tiny", directory=tmp_path) == there
    assert there.read_bytes() == b"made before"


def test_seeds_have_files_of_their_own(model_store: Path, tiny_q4_0: Path, tmp_path: Path) -> None:
    other = make("tiny", seed=7, directory=tmp_path)
    assert other.name == "tiny-seed7-q4_0.gguf"
    assert tiny_q4_0 == model_store / "tiny-q4_0.gguf"
    assert inspect(other).sha256 != inspect(tiny_q4_0).sha256


@pytest.mark.parametrize(
    ("quantization", "scheme", "bits"), [("q8_0", "Q8_0", 8.5), ("q4_k_m", "Q4_K_M", 5.22)]
)
def test_llama_cpp_makes_the_other_schemes(
    tiny_f16: Path, tmp_path: Path, quantization: str, scheme: str, bits: float
) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra `llama`")
    made = make("tiny", quantization, directory=tmp_path)
    assert list(tmp_path.iterdir()) == [made]
    info = inspect(made)
    assert info.quantization == scheme
    assert info.bits_per_weight == pytest.approx(bits, abs=0.02)
    again = quantize(tiny_f16, quantization, tmp_path / "again.gguf")
    assert inspect(again).sha256 == info.sha256


def test_quantizer_tells_how_far_it_is(tiny_f16: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra `llama`")
    seen: list[tuple[int, int]] = []
    quantize(tiny_f16, "q8_0", tmp_path / "x.gguf", progress=lambda a, b, _: seen.append((a, b)))
    assert seen == [(step, 75) for step in range(75)]


def test_quantizer_without_llama_cpp_names_the_extra(tiny_f16: Path, tmp_path: Path) -> None:
    bare = (sys.executable, "-I", "-S")  # no site-packages
    with pytest.raises(ArtefactError, match=r"pip install 'inferometer\[llama\]'"):
        llama_quantize(tiny_f16, tmp_path / "x.gguf", "q8_0", quiet, bare)


def test_quantizer_refuses_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello, this is only a text")
    with pytest.raises(ArtefactError, match="not a GGUF file"):
        quantize(tmp_path / "text.gguf", "q8_0", tmp_path / "x.gguf")
    assert not (tmp_path / "x.gguf").exists()


def test_quantizer_that_refuses_leaves_nothing(tiny_q4_0: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra `llama`")
    with pytest.raises(ArtefactError, match="could not be quantized to q8_0"):
        quantize(tiny_q4_0, "q8_0", tmp_path / "x.gguf")  # requantizing loses twice
    assert list(tmp_path.iterdir()) == []


def test_unknown_scheme_is_refused(tiny_f16: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="q5_1: is not one of"):
        quantize(tiny_f16, "q5_1", tmp_path / "x.gguf")


def test_listing_shows_what_is_made_and_what_the_rest_would_take(
    model_store: Path, tiny_q4_0: Path
) -> None:
    listed = {stored.reference: stored for stored in listing(model_store)}
    assert len(listed) == 4 * len(QUANTIZATIONS) + sum(map(len, FORMS.values()))
    assert listed["tiny:q4_0"].path == tiny_q4_0
    assert listed["tiny:q4_0"].size_bytes == tiny_q4_0.stat().st_size
    assert listed["7b:q4_0"].path is None
    assert 3.7e9 < listed["7b:q4_0"].size_bytes < 3.9e9


@pytest.mark.parametrize(("reference", "there"), [("tiny", "q4_0"), ("tiny:int4", "int4")])
def test_reference_is_resolved_to_the_model(
    model_store: Path, tiny_q4_0: Path, tiny_genai: Path, reference: str, there: str
) -> None:
    paths = {"q4_0": tiny_q4_0, "int4": tiny_genai}
    assert resolve(reference, directory=model_store) == paths[there]


def test_caller_says_which_quantization_a_bare_size_means(
    model_store: Path, tiny_genai: Path
) -> None:
    assert resolve("tiny", quantization="int4", directory=model_store) == tiny_genai


def test_path_of_a_model_is_resolved_to_itself(tiny_q4_0: Path, tiny_genai: Path) -> None:
    assert resolve(str(tiny_q4_0)) == tiny_q4_0
    assert resolve(str(tiny_genai)) == tiny_genai


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("tinny", "did you mean tiny?"),
        ("13b", "no model that is known"),
        ("tiny:q4", "no quantization that is known"),
        ("./none.gguf", "no such model file or folder"),
        ("none.gguf", "no such model file or folder"),
    ],
)
def test_reference_that_stands_for_nothing_is_refused(
    tmp_path: Path, reference: str, said: str
) -> None:
    with pytest.raises(ArtefactError, match=re.escape(reference)) as caught:
        resolve(reference, directory=tmp_path)
    assert said in str(caught.value)


def test_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"without genai_config\.json"):
        resolve(str(tmp_path))


def test_store_is_where_argument_environment_or_platform_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert store_dir() == platformdirs.user_cache_path("inferometer") / "models"
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "named"))
    assert store_dir() == tmp_path / "named"
    assert store_dir(tmp_path) == tmp_path


def test_folder_without_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a file system of a known size: /sys has none free")
    with pytest.raises(ArtefactError, match=r"has 0\.0 GB free, and tiny:q4_0 takes 0\.0 GB"):
        make("tiny", directory=Path("/sys/inferometer"))


def test_file_name_of_a_model_never_changes_its_bytes(tiny_q4_0: Path, tmp_path: Path) -> None:
    again = make("tiny", directory=tmp_path / "new" / "folder")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (again, tiny_q4_0)}
    assert len(digests) == 1
