"""Fidelity as a tool on the device prints it: read from its lines, and judged like our own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from host.artefacts.fidelity.llama_base import MAGIC, coded, write_base
from host.errors import ArtefactError
from host.fidelity.bag import FOLDER, LOG, REFERENCE, STATED, fidelity_of
from host.fidelity.divergence import NotFiniteError, log_softmax
from host.fidelity.stated import UnstatedError, stated_figures
from host.handover.divergence import StatedPattern, StatedScores
from host.handover.fidelity import FidelityField
from host.handover.plan import ResolvedPlan
from host.plan.runner import runner
from host.run.folder import write_json
from tests.fakes.fidelity import FIRST, LANGUAGES, N_CTX, N_VOCAB, logits, reference_file, wanting
from tests.fakes.traces import example_run

# Of Debian's llama-perplexity (build 11669), Q4_0 beside F16 of the tiny reference model, in six
# windows of 256 of the shipped texts, so unlikely to drawn weights that the 16-bit base is cut.
PRINTED = """\
====== Perplexity statistics ======
Mean PPL(Q)                   : 12706074.866077 ± 1949232.501548
Mean PPL(base)                : 3174638.534708 ± 315623.424102
Cor(ln(PPL(Q)), ln(PPL(base))):  85.36%
Mean ln(PPL(Q)/PPL(base))     :   1.386886 ±   0.085909
Mean PPL(Q)/PPL(base)         :   4.002369 ±   0.343838
Mean PPL(Q)-PPL(base)         : 9531436.331369 ± 1687839.587862
====== KL divergence statistics ======
Mean    KLD:   0.144045 ±   0.003258
Maximum KLD:   0.664506
99.9%   KLD:   0.639811
99.0%   KLD:   0.451652
95.0%   KLD:   0.305690
90.0%   KLD:   0.260557
Median  KLD:   0.129791
10.0%   KLD:   0.045081
 5.0%   KLD:   0.029579
 1.0%   KLD:   0.007211
 0.1%   KLD:   0.002558
Minimum KLD:   0.000822
====== Token probability statistics ======
Mean    Δp: -0.003 ± 0.002 %
Maximum Δp:  0.123%
Median  Δp: -0.000%
Minimum Δp: -1.186%
RMS Δp    :  0.056 ± 0.019 %
Same top p: 75.197 ± 1.566 %
"""
LINES = PRINTED.splitlines()
TOOL = runner("llama-completion").divergence
assert TOOL is not None
PATTERNS: dict[str, StatedPattern] = {str(name): how for name, how in TOOL.figures.items()}
RUN = example_run(2)


def test_the_statistics_of_llama_perplexity_are_found_with_their_errors(tmp_path: Path) -> None:
    head = reference_file(tmp_path / "a.fidelity", logits(1)).head
    found = {f.measurand: f for f in stated_figures(LINES, PATTERNS, head)}
    values = {name.rpartition(".")[2]: (f.value, f.u) for name, f in found.items()}
    assert values == {
        "mean-kl": (0.144045, 0.003258),
        "p99-kl": (0.451652, None),
        "top1-agreement": (0.75197, 0.01566),
        "perplexity-ratio": (4.002369, 0.343838),
        "perplexity": (12706074.866077, 1949232.501548),
        "reference-perplexity": (3174638.534708, 315623.424102),
    }
    assert {(f.n, f.positions) for f in found.values()} == {(len(LANGUAGES), 4 * 3)}


def test_lost_last_lines_and_words_for_numbers_are_no_figures(tmp_path: Path) -> None:
    head = reference_file(tmp_path / "a.fidelity", logits(1)).head
    with pytest.raises(UnstatedError, match=r"nothing fits divergence\.figures\.top1_agreement"):
        stated_figures(LINES[:-1], PATTERNS, head)
    odd = [line.replace("0.144045", "1_0.2") for line in LINES]
    with pytest.raises(UnstatedError, match=r"mean_kl: '1_0\.2' is no number"):
        stated_figures(odd, PATTERNS, head)
    broken = [line.replace("0.144045", "-nan") for line in LINES]
    with pytest.raises(NotFiniteError, match="the tool states -nan for mean_kl"):
        stated_figures(broken, PATTERNS, head)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("75.197 ± 1.566", "175.197 ± 1.566"),
        ("75.197 ± 1.566", "75.197 ± -1.566"),
        ("0.144045 ±   0.003258", "1e300 ±   0.003258"),
        ("4.002369", "-4.002369"),
        ("12706074.866077", "0.5"),
    ],
)
def test_figures_that_cannot_be_are_refused(was: str, now: str, tmp_path: Path) -> None:
    head = reference_file(tmp_path / "a.fidelity", logits(1)).head
    assert was in PRINTED
    with pytest.raises(UnstatedError, match=r"which cannot be|is no number|nothing fits"):
        stated_figures(PRINTED.replace(was, now).splitlines(), PATTERNS, head)


def stated_folder(data: Path, resolved: ResolvedPlan, printed: str = PRINTED) -> Path:
    """The payload folder of a run whose tool has printed this."""
    place = data / FOLDER
    place.mkdir(parents=True)
    made = reference_file(place / REFERENCE, logits(1))
    (place / LOG).write_text(printed, encoding="utf-8")
    scores = StatedScores(
        reference_sha256=made.sha256,
        model_sha256=str(resolved.model["sha256"]),
        settings=resolved.engine_settings["divergence"],
        log_sha256=hashlib.sha256(printed.encode()).hexdigest(),
    )
    write_json(place / STATED, msgspec.to_builtins(scores))
    return data


def native(**limits: float) -> ResolvedPlan:
    settings = {"divergence": {"argv": ["tool"], "figures": msgspec.to_builtins(PATTERNS)}}
    return msgspec.structs.replace(
        wanting(**limits), engine_kind="native", engine_settings=settings
    )


def field_of(data: Path, resolved: ResolvedPlan) -> FidelityField:
    found = fidelity_of(data, resolved, RUN)
    assert found is not None
    return found


def test_what_a_tool_states_has_a_name_of_its_own_and_is_held_to_the_limit(tmp_path: Path) -> None:
    kept, broken = native(max_mean_kl=0.25), native(max_mean_kl=0.1, min_top1_agreement=0.5)
    stated_folder(tmp_path, kept)
    found = field_of(tmp_path, kept)
    assert (found.outcome, found.ranked) == ("within-limits", True)
    names = {f.measurand_id: f.name.en for f in found.figures}
    assert names["convention:stated.fidelity.mean-kl"].endswith(", stated by the runner")
    assert not any(name.startswith("kl_divergence") for name in names)
    found = field_of(tmp_path, broken)
    assert found.reason == "fidelity-gate: max_mean_kl is 0.1, it is 0.144045"


@pytest.mark.parametrize(
    ("printed", "spoil", "words"),
    [
        (PRINTED, "log", "stated.log is not what the tool printed"),
        (PRINTED, "model", "of another reference, model or tool"),
        (PRINTED.replace("Mean    KLD", "Mean"), "", "nothing fits divergence.figures.mean_kl"),
        (PRINTED.replace("0.144045", "nan"), "", "fidelity-not-finite: the tool states nan"),
    ],
)
def test_words_of_a_tool_that_are_not_those_of_the_run_void_it(
    printed: str, spoil: str, words: str, tmp_path: Path
) -> None:
    resolved = native()
    place = stated_folder(tmp_path, resolved, printed) / FOLDER
    if spoil == "log":
        (place / LOG).write_text(printed.replace("0.144045", "0.000001"), encoding="utf-8")
    if spoil == "model":
        resolved = msgspec.structs.replace(resolved, model={**resolved.model, "sha256": "9" * 64})
    found = field_of(tmp_path, resolved)
    assert found.outcome == "void"
    assert words in found.reason


def test_a_reference_in_the_form_of_llama_cpp_reads_back_within_its_sixteen_bits(
    tmp_path: Path,
) -> None:
    rows = logits(1)
    rows[0][0] = [0.0, -3.0, -40.0, 2.0, 2.0]  # the third is further than 16 below
    reference = reference_file(tmp_path / "a.fidelity", rows)
    write_base(reference, tmp_path / "a.kld")
    raw = (tmp_path / "a.kld").read_bytes()
    assert raw.startswith(MAGIC)
    counts = np.frombuffer(raw, "<i4", 3, len(MAGIC))
    assert counts.tolist() == [N_CTX, N_VOCAB, len(LANGUAGES)]
    offset = len(MAGIC) + 12
    ids = np.frombuffer(raw, "<i4", N_CTX * len(LANGUAGES), offset).reshape(-1, N_CTX)
    assert ids.tolist() == [list(window.ids) for window in reference.head.windows]
    width = 4 + N_VOCAB + 1
    steps = np.frombuffer(raw, "<u2", -1, offset + ids.nbytes).reshape(-1, width)
    assert len(steps) == len(LANGUAGES) * (N_CTX - 1 - FIRST)
    scale, lowest = steps[:, :4].copy().view("<f4").T
    decoded = lowest[:, None] + scale[:, None] * steps[:, 4:-1].astype(np.float64)
    wanted = log_softmax(np.concatenate(rows))
    cut = np.maximum(wanted, wanted.max(axis=1, keepdims=True) - 16)
    assert np.abs(decoded - cut).max() < 16 / 65535
    assert np.abs(decoded - wanted)[0, 2] > 20


def test_rows_of_equal_logits_and_windows_that_are_cut_in_another_way(tmp_path: Path) -> None:
    flat = coded(np.full((1, 3), 7.0))
    assert flat[:, :4].copy().view("<f4").tolist() == [[0.0, pytest.approx(-np.log(3))]]
    assert not flat[:, 4:].any()
    reference = reference_file(tmp_path / "a.fidelity", logits(1))
    head = msgspec.structs.replace(reference.head, n_ctx=N_CTX + 2)
    other = type(reference)(reference.path, head, reference.offset, reference.sha256)
    with pytest.raises(ArtefactError, match="not cut as those of llama-perplexity"):
        write_base(other, tmp_path / "b.kld")
