import hashlib
import json

import h5py
import numpy as np
import pytest
import torch
import xxhash

from assay_export import case as cases
from assay_export import cli, config, export, floor, golden_writer, weights
from assay_export.original import DTYPES
from assay_export.plan import Plan
from assay_export.suite_cases import SUITE
from conftest import CODE, DATA, ids, make_job

HALF = ("bfloat16", "float16")
GOLDENS = sorted(DATA.glob("*.h5"))


def datasets(file):
    out = {}
    file.visititems(lambda name, obj: out.update({name: obj}) if isinstance(obj, h5py.Dataset) else None)
    return out


def raw_bytes(data):
    """The stored bytes, without conversion."""
    out = np.empty(data.shape, dtype=f"u{data.id.get_type().get_size()}")
    data.id.read(h5py.h5s.ALL, h5py.h5s.ALL, out, mtype=data.id.get_type())
    return out.tobytes()


@pytest.mark.parametrize("path", GOLDENS, ids=lambda p: p.stem)
def test_shipped_golden(path):
    with h5py.File(path, "r") as file:
        case = cases.parse(bytes(file["case"][()]))
        model = json.loads(file["config"][()])
        assert (DATA / "cases" / f"{path.stem}.json").read_bytes() == case.text
        assert file.attrs["format"] == "assay-golden/1" and file.attrs["dtype"] == case.dtype
        assert file.attrs["case_sha256"] == hashlib.sha256(case.text).hexdigest()
        assert [file[f"steps/{n}"].attrs["op"] for n in range(len(case.steps))] == [s.op for s in case.steps]
        assert [file[f"steps/{n}"].attrs.get("refused") for n in range(len(case.steps))] == [s.expect_error for s in case.steps]
        for n, step in enumerate(case.steps):
            captured = file[f"steps/{n}"].attrs["past_captured"]
            assert captured.dtype == np.int64 and captured.shape == (1,) and captured[0] in (0, 1)
            assert captured[0] or "past" not in file[f"steps/{n}"]  # no case keeps some layers of a past
            assert not (captured[0] and step.expect_error)
        if "config_sha256" in file.attrs:
            assert file.attrs["config_sha256"] == config.digest(model)
            made = weights.recipe(model, case.seed, case.gain)
            assert file.attrs["weights_xxh128"] == weights.digest({n: torch.from_numpy(w).to(DTYPES[case.dtype]) for n, w in made.items()})
        for name, data in datasets(file).items():
            if name in ("case", "config"):
                continue
            assert data.attrs["xxh128"] == xxhash.xxh3_128_hexdigest(raw_bytes(data)), name
            is_float = data.dtype.kind == "f"
            exact = not is_float or name.endswith("mask")
            assert ("noise_floor" in data.attrs) == (not exact), name
            if exact:
                assert is_float or data.dtype == np.int64
                continue
            is_stored = name + "_unrounded" in file
            narrow = model["mem_dtype"] in HALF and case.dtype not in HALF
            assert is_stored == (narrow and data.id.get_type().get_size() == 2), name
            judged = narrow and not is_stored and not name.startswith("float64/")
            assert ("noise_floor_replayed" in data.attrs) == judged, name
            values = data.astype("f8")[()]
            usable = values[np.isfinite(values) & (values > -1e6 if name.endswith("attn_scores") else True)]
            scale = float(np.abs(usable).max()) if usable.size else 0.0
            least = floor.ULPS * floor.ulp(scale, torch.float64 if name.startswith("float64/") else torch.float32)
            if case.dtype in HALF and not name.startswith("float64/"):
                least = floor.HALF_ULPS * floor.ulp(scale, DTYPES[case.dtype])
            assert data.attrs["noise_floor"] >= least > 0, name
            assert data.attrs.get("noise_floor_replayed", 1.0) >= 4 * floor.ulp(scale, torch.float32), name
            if narrow and name.endswith("/logits") and not name.startswith("float64/"):
                assert data.attrs["noise_floor_replayed"] <= floor.LARGEST_RELATIVE * scale, name
            if name.endswith("_unrounded"):
                stored = file[name[: -len("_unrounded")]].astype("f4")[()]
                assert np.array_equal(torch.from_numpy(values).to(torch.float32).to(
                    torch.bfloat16 if model["mem_dtype"] == "bfloat16" else torch.float16).float().numpy(), stored), name
            if "kept" in data.attrs:
                assert data.shape[data.attrs["kept"][0]] == len(data.attrs["kept"]) - 1


def test_suite_and_files_agree():
    assert {p.stem for p in GOLDENS} == {e.name for e in SUITE} == {p.stem for p in (DATA / "cases").glob("*.json")}
    assert sum(p.stat().st_size for p in DATA.rglob("*") if p.is_file()) <= 16 << 20


def test_refusals_name_their_rule():
    """ERR-1 is every refusal: a port that refuses for another reason would pass. Of T = 0 there is no other rule."""
    general = [(e.name, s) for e in SUITE for s in e.steps if s.get("expect_error") == "ERR-1"]
    assert [(name, s["input_ids"]) for name, s in general] == [("errors", [[]])]
    assert all("ERR-1" in e.rules for e in SUITE if e.name.startswith("error"))


LAYERS = 2  # of the tests' model


@pytest.mark.parametrize("plan, expected", [
    (Plan("outputs"), [1, 0, 1]), (Plan("subset", frozenset([2])), [0, 0, 1]), (Plan("all", past=False), [0, 0, 0]),
    (Plan("all", layers=frozenset([1])), [0, 0, 0]), (Plan("all", layers=frozenset(range(LAYERS))), [1, 0, 1])])
def test_past_captured(code, tmp_path, plan, expected):
    step = {"op": "forward", "input_ids": ids(1, 3)}
    job = make_job(code, [step, {**step, "input_ids": [[99]], "expect_error": "EMB-1"}, {**step, "past": "keep", "use_cache": True}])
    golden_writer.write(tmp_path / "g.h5", export.make_golden(job, plan, 2, with_float64=False))
    with h5py.File(tmp_path / "g.h5", "r") as file:
        found = [file[f"steps/{n}"].attrs["past_captured"] for n in range(3)]
        assert [int(f[0]) for f in found] == expected and all(f.dtype == np.int64 and f.shape == (1,) for f in found)
        assert [f"past/{LAYERS - 1}/key" in file[f"steps/{n}"] for n in (0, 2)] == [plan.past and (
            plan.detail_steps is None or n in plan.detail_steps) for n in (0, 2)]


def test_positions_that_are_shifted_change_no_bit():
    with h5py.File(DATA / "positions-shifted.h5", "r") as file:
        assert np.array_equal(file["steps/0/logits"][()], file["steps/1/logits"][()])


def test_attention_is_peaked():
    """Rows' entropy, relative to that of a uniform row over the keys that are not hidden."""
    found = []
    for name in ("windows-3-all", "pads-all", "cache-exact-all"):
        with h5py.File(DATA / f"{name}.h5", "r") as file:
            for path, data in datasets(file).items():
                if path.endswith("attn_probs"):
                    p = data[()].astype(np.float64)
                    seen = (p > 1e-12).sum(-1)
                    entropy = -np.where(p > 0, p * np.log(np.maximum(p, 1e-300)), 0).sum(-1)
                    found += list((entropy[seen > 3] / np.log(seen[seen > 3])).ravel())
    assert np.mean(found) < 0.7


def make(code, **model):
    return export.make_golden(make_job(code, [{"op": "forward", "input_ids": ids(2, 13)}], **model), Plan("all"), 2)


def test_same_tensors_same_bytes(code, tmp_path):
    for name in ("a", "b"):
        golden_writer.write(tmp_path / name, make(code, mem_dtype="bfloat16"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_types_in_the_file(code, tmp_path):
    contents = make(code, mem_dtype="bfloat16")
    golden_writer.write(tmp_path / "g.h5", contents)
    with h5py.File(tmp_path / "g.h5", "r") as file:
        stored, tensor = file["steps/0/past/1/mem_key"], contents.items["steps/0/past/1/mem_key"].tensor
        t = stored.id.get_type()
        assert (t.get_size(), t.get_precision(), t.get_fields(), t.get_ebias()) == (2, 16, (15, 7, 8, 0, 7), 127)
        assert np.array_equal(stored.astype("f4")[()], tensor.float().numpy())
        assert file["steps/0/logits"].id.get_type().equal(h5py.h5t.IEEE_F32LE)
        assert file["float64/steps/0/logits"].id.get_type().equal(h5py.h5t.IEEE_F64LE)


def test_large_tensors_are_compressed_where_it_saves(tmp_path):
    items = {"steps/0/zeros": golden_writer.Item(torch.zeros(64, 1024)), "steps/0/noise": golden_writer.Item(torch.randint(0, 2**62, (9000,)))}
    golden_writer.write(tmp_path / "x.h5", golden_writer.Contents({}, b"{}", b"{}", [{"op": "forward"}], items))
    with h5py.File(tmp_path / "x.h5", "r") as file:
        assert file["steps/0/zeros"].compression == "gzip" and file["steps/0/zeros"].shuffle
        assert file["steps/0/noise"].compression is None
        assert np.array_equal(file["steps/0/noise"][()], items["steps/0/noise"].tensor.numpy())


def test_subset_keeps_some_tokens(code):
    contents = export.make_golden(make_job(code, [{"op": "forward", "input_ids": ids(2, 13)}]), Plan("subset"), 2)
    full = make(code)
    at = "steps/0/windows/2/layers/1/"
    item = contents.items[at + "self_attn.attn_probs"]
    assert item.kept == [2, 0, 2, 3] and torch.equal(item.tensor, full.items[at + "self_attn.attn_probs"].tensor[:, :, [0, 2, 3]])
    assert contents.items[at + "output"].kept is None and at + "self_attn.attn_scores" not in contents.items
    assert "steps/0/windows/0/layers/1/self_attn.attn_probs" not in contents.items


def test_canonical_configuration_has_every_field_in_order():
    lines = config.canonical_fields({"mem_layers": [3, 1, 3], "mem_dtype": "half", "hidden_act": "gelu_new", "pad_token_id": None})
    assert [n for n, _ in lines] == (
        "head vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads max_position_embeddings last_context_length "
        "hidden_act rms_norm_eps rope_theta use_cache tie_word_embeddings mem_layers mem_positionals mem_dtype mem_attention_grouping "
        "torch_attention pad_token_id num_labels problem_type").split()
    found = dict(lines)
    assert (found["mem_layers"], found["mem_dtype"], found["hidden_act"], found["pad_token_id"]) == ("1,3", "float16", "gelu_tanh", "null")
    assert found["rms_norm_eps"] == "3eb0c6f7a0b5ed8d" and found["num_labels"] == "null"


# The command line

CASE = DATA / "cases" / "edge-c.json"


def test_cli_run_from_a_folder_gives_the_recipe_s_numbers(code, tmp_path):
    folder, out = tmp_path / "hf", tmp_path / "out.h5"
    assert cli.main(["weights", "--case", str(CASE), "--out", str(folder)]) == 0
    assert cli.main(["run", "--original", CODE, "--model", str(folder), "--case", str(CASE), "--out", str(out), "--capture", "outputs", "--floor-runs", "2"]) == 0
    with h5py.File(out, "r") as new, h5py.File(DATA / "edge-c.h5", "r") as old:
        assert np.abs(new["steps/1/logits"][()] - old["steps/1/logits"][()]).max() <= old["steps/1/logits"].attrs["noise_floor"]
        assert new.attrs["weights_xxh128"] == old.attrs["weights_xxh128"] and new.attrs["config_sha256"] == old.attrs["config_sha256"]
        assert "weights/lm_head.weight" in new


@pytest.mark.parametrize("more", [[], ["--perturb", "3"], ["--variant", "issue8"], ["--dtype", "bfloat16"], ["--dtype", "float64"]])
def test_cli_dump(code, tmp_path, more):
    out = tmp_path / "d.h5"
    assert cli.main(["dump", "--original", CODE, "--case", str(CASE), "--out", str(out), *more]) == 0
    with h5py.File(out, "r") as file:
        assert file.attrs["format"] == "assay-dump/1"
        assert not any("noise_floor" in d.attrs for d in datasets(file).values())


def test_cli_errors_are_one_line_and_exit_2(code, tmp_path, capsys):
    for arguments in (["run", "--original", str(tmp_path), "--case", str(CASE), "--out", "x.h5"],
                      ["run", "--original", CODE, "--case", str(tmp_path / "none.json"), "--out", "x.h5"],
                      ["run", "--original", CODE, "--model", str(tmp_path), "--case", str(CASE), "--out", "x.h5"],
                      ["run", "--case", str(CASE), "--out", "x.h5"],
                      ["suite", "--original", CODE, "--only", "no-such-case"]):
        assert cli.main(arguments) == 2
        text = capsys.readouterr().err
        assert text.startswith("assay-export: ") and text.count("\n") == 1


def test_cli_suite_check(code, tmp_path, capsys):
    assert cli.main(["suite", "--original", CODE, "--data", str(DATA), "--only", "edge-c", "--check"]) == 0
    data = tmp_path / "data"
    assert cli.main(["suite", "--original", CODE, "--data", str(data), "--only", "edge-c"]) == 0
    with h5py.File(data / "edge-c.h5", "r+") as file:
        file["steps/0/logits"][0, 0, 0] += 1
    capsys.readouterr()
    assert cli.main(["suite", "--original", CODE, "--data", str(data), "--only", "edge-c", "--check"]) == 1
    assert "steps/0/logits differs by 1" in capsys.readouterr().out


def test_suite_check_sees_attributes(code, tmp_path, capsys):
    arguments = ["suite", "--original", CODE, "--data", str(tmp_path), "--only", "memory-two-layers"]
    assert cli.main(arguments) == 0 and cli.main([*arguments, "--check"]) == 0
    with h5py.File(tmp_path / "memory-two-layers.h5", "r+") as file:
        del file["steps/0/logits"].attrs["noise_floor_replayed"]
        file["steps/0"].attrs["past_captured"] = np.array([0])
    capsys.readouterr()
    assert cli.main([*arguments, "--check"]) == 1
    text = capsys.readouterr().out
    assert "has no noise_floor_replayed for steps/0/logits" in text and "attributes of steps/0 differ" in text
