import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from assay_export import runner, serve, weights
from assay_export.capture import UNROUNDED
from conftest import CODE, ids, make_case, make_job

CLASSIFY = {"architectures": ["LongLlamaForSequenceClassification"], "num_labels": 3, "pad_token_id": 0}


def write_case(folder, steps, name="case", dtype="float32", with_weights=True, **model):
    """A request for a case, with its files."""
    folder = Path(folder) / name
    folder.mkdir()
    case = make_case(steps, dtype, **model)
    (folder / "case.json").write_bytes(case.text)
    weights.write_folder(folder / "model", case.model, weights.recipe(case.model, case.seed, case.gain))
    if not with_weights:
        (folder / "model" / "model.safetensors").unlink()
    return {"case": str(folder / "case.json"), "model": str(folder / "model"), "dump": str(folder / "out")}


def answered(code, request, capture="outputs"):
    """The dump's tensors and what it says of itself."""
    serve.answer(code, capture, request)
    path = request["dump"] + ".safetensors"
    with safe_open(path, "pt") as file:
        facts = file.metadata()
    return load_file(path), {**facts, "refused": json.loads(facts["refused"])}


@pytest.mark.parametrize("dtype", ("float32", "bfloat16"))
def test_outputs_are_those_of_a_whole_capture(code, tmp_path, dtype):
    steps = [
        {"op": "forward", "input_ids": ids(2, 13), "labels": ids(2, 13)},
        {"op": "reorder", "beam_idx": [1, 0]},
        {"op": "generate", "input_ids": ids(2, 11), "max_new_tokens": 4},
    ]
    job = make_job(code, steps, dtype, mem_dtype="bfloat16")
    whole = runner.run(job.case, job.config, runner.weights_for(job.weights, dtype), code, dtype).tensors
    whole = {p: t for p, t in whole.items() if "/windows/" not in p and not p.endswith(UNROUNDED)}
    few, facts = answered(code, write_case(tmp_path, steps, dtype=dtype, mem_dtype="bfloat16"))
    assert few.keys() == whole.keys() and all(torch.equal(few[p], whole[p]) and few[p].dtype == whole[p].dtype for p in few)
    assert {"steps/0/logits", "steps/0/loss", "steps/0/schedule", "steps/1/past/1/mem_key", "steps/2/tokens"} <= few.keys()
    assert facts["dtype"] == dtype and facts["refused"] == [] and facts["format"] == "assay-dump/1"


def test_the_past_of_a_classifier_is_reordered_too(code, tmp_path):
    steps = [{"op": "classify", "input_ids": ids(2, 13)}, {"op": "reorder", "beam_idx": [1, 1, 0]},
             {"op": "classify", "input_ids": ids(3, 2), "past": "keep"}]
    request = write_case(tmp_path, steps, architectures=["LongLlamaForSequenceClassification"])
    tensors, facts = answered(code, request)
    before, after = tensors["steps/0/past/1/mem_key"], tensors["steps/1/past/1/mem_key"]
    assert facts["refused"] == [] and torch.equal(after, before[[1, 1, 0]])


def test_stages_are_dumped_where_they_are_asked_for(code, tmp_path):
    tensors, _ = answered(code, write_case(tmp_path, [{"op": "forward", "input_ids": ids(1, 5)}]), "all")
    assert "steps/0/windows/0/layers/0/self_attn.q_proj" in tensors


def test_what_is_refused_is_said_whatever_the_case_expects(code, tmp_path):
    steps = [
        {"op": "forward", "input_ids": ids(1, 5)},
        {"op": "forward", "input_ids": ids(2, 3), "past": "keep"},                       # a past of another batch
        {"op": "forward", "input_ids": [[3, 99]], "expect_error": "EMB-1"},              # no such token
        {"op": "forward", "input_ids": ids(1, 2), "past": "keep", "expect_error": "POS-3"},  # nothing is wrong with it
    ]
    tensors, facts = answered(code, write_case(tmp_path, steps))
    assert [(r["step"], r["rules"]) for r in facts["refused"]] == [(1, ""), (2, "EMB-1")]
    assert "the original raises" in facts["refused"][0]["message"]
    assert {p.split("/")[1] for p in tensors} == {"0", "3"}
    assert tensors["steps/3/past/0/key"].shape[2] == 6


def test_what_goes_on_from_nothing_is_refused_too(code, tmp_path):
    steps = [{"op": "forward", "input_ids": [[99]]}, {"op": "forward", "input_ids": ids(1, 2), "past": "keep"}, {"op": "forward", "input_ids": ids(1, 2)}]
    tensors, facts = answered(code, write_case(tmp_path, steps))
    assert [r["step"] for r in facts["refused"]] == [0, 1] and "steps/2/logits" in tensors


def test_a_refused_model_refuses_all_steps(code, tmp_path):
    tensors, facts = answered(code, write_case(tmp_path, [{"op": "forward", "input_ids": ids(1, 5)}], hidden_act="no such"))
    assert tensors == {} and [r["step"] for r in facts["refused"]] == [0] and "config_sha256" not in facts


def test_weights_may_lack_only_where_nothing_runs(code, tmp_path):
    steps = [{"op": "forward", "input_ids": ids(1, 5)}]
    with pytest.raises(Exception, match="no \\*.safetensors"):
        answered(code, write_case(tmp_path, steps, "runs", with_weights=False))
    assert not list((tmp_path / "runs").glob("out*"))
    _, facts = answered(code, write_case(tmp_path, steps, "odd", with_weights=False, hidden_size=18, num_attention_heads=2))
    assert [r["step"] for r in facts["refused"]] == [0] and "weights_xxh128" not in facts


def test_no_case_sees_the_one_before(code, tmp_path):
    """The original writes the problem type that it guessed from the first labels into its configuration."""
    single = [{"op": "classify", "input_ids": ids(2, 5), "labels": [1, 2]}]
    multi = [{"op": "classify", "input_ids": ids(2, 5), "labels": [[1, 0, 0.5], [0, 1, 1]]}]
    alone, _ = answered(code, write_case(tmp_path, multi, "alone", **CLASSIFY))
    answered(code, write_case(tmp_path, single, "between", dtype="float64", **CLASSIFY))
    again, _ = answered(code, write_case(tmp_path, multi, "again", **CLASSIFY))
    assert alone.keys() == again.keys() and all(torch.equal(alone[p], again[p]) for p in alone)
    assert torch.get_default_dtype() == torch.float32


def test_the_protocol(tmp_path):
    requests = [
        {"id": 1, **write_case(tmp_path, [{"op": "forward", "input_ids": ids(1, 5)}], "one")},
        {"id": 2, **write_case(tmp_path, [{"op": "forward", "input_ids": ids(1, 5)}], "two"), "case": str(tmp_path / "none.json")},
        {"id": 9, **write_case(tmp_path, [{"op": "forward", "input_ids": ids(1, 9)}], "three")},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "assay_export", "serve", "--original", CODE], text=True, capture_output=True,
        input="".join(json.dumps(r) + "\n" for r in requests), env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 0, done.stderr
    greeting, first, second, third = [json.loads(line) for line in done.stdout.splitlines()]
    assert greeting["protocol"] == "assay-port-protocol/1"
    assert first == {"id": 1, "ok": True} and third == {"id": 9, "ok": True}
    assert second["id"] == 2 and "none.json" in second["error"]
    assert [Path(r["dump"] + ".safetensors").exists() for r in requests] == [True, False, True]


def test_what_others_print_is_no_answer(tmp_path):
    """Whatever writes to stdout, below Python too, writes to stderr."""
    script = "import os, sys\nfrom assay_export import serve\nown = serve._answers()\nprint('chatter', flush=True)\nos.write(1, b'more')\nown.write('{}\\n')\nown.flush()\n"
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.stdout == "{}\n" and "chatter" in done.stderr and "more" in done.stderr
