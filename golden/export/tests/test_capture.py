import numpy as np
import pytest
import torch

from assay_export import runner
from assay_export.capture import Capture, rne_bits
from conftest import ids, make_case, make_job


def run(code, steps, dtype="float32", **model):
    job = make_job(code, steps, dtype, **model)
    return runner.run(job.case, job.config, runner.weights_for(job.weights, dtype), code, dtype)


def test_hooks_change_no_bit_and_leave_nothing_behind(code):
    job = make_job(code, [{"op": "forward", "input_ids": ids(2, 13)}], mem_attention_grouping=[1, 3], mem_dtype="bfloat16")
    model = code.build(job.config, "float32")
    runner.load_weights(model, job.weights)
    before = {n: getattr(code.modeling, n) for n in ("nn", "rotate_one", "rotate_as_if_first", "mem_apply_update", "LongLlamaMemCache", "_handle_long_input")}
    with torch.no_grad():
        plain = model(torch.tensor(ids(2, 13)))
        with Capture(code, model):
            seen = model(torch.tensor(ids(2, 13)))
        again = model(torch.tensor(ids(2, 13)))
    for other in (seen, again):
        assert torch.equal(plain.logits, other.logits)
        assert all(torch.equal(a, b) for p, q in zip(plain.past_key_values, other.past_key_values) for a, b in zip(p, q))
    assert all(getattr(code.modeling, n) is v for n, v in before.items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_globals_are_restored_after_an_error(code):
    job = make_job(code, [{"op": "forward", "input_ids": [[3]]}])
    model, before = code.build(job.config, "float32"), code.modeling.nn
    with pytest.raises(ZeroDivisionError):
        with Capture(code, model):
            raise ZeroDivisionError
    assert code.modeling.nn is before


@pytest.mark.parametrize("grouping", [[1, 1], [2, 3], [1, 100], [3, 5]])
def test_grouped_scores_join_to_the_ungrouped(code, grouping):
    steps = [{"op": "forward", "input_ids": ids(2, 13)}]
    plain = run(code, steps, num_attention_heads=4).tensors
    grouped = run(code, steps, num_attention_heads=4, mem_attention_grouping=grouping).tensors
    assert plain.keys() == grouped.keys()
    for path, value in plain.items():
        assert value.shape == grouped[path].shape, path
        torch.testing.assert_close(grouped[path], value, rtol=1e-4, atol=1e-5, msg=path)


def test_stages_and_shapes(code):
    """Windows of 8, 1 and 4 tokens; the second one reads the memory of the first."""
    t = run(code, [{"op": "forward", "input_ids": ids(2, 13)}]).tensors
    at = "steps/0/windows/2/layers/1/"
    expected = {
        "input_layernorm": (2, 4, 16), "self_attn.q_proj": (2, 4, 16), "self_attn.rel_pos_ids": (2, 4), "self_attn.rotary_emb.cos": (4, 8),
        "self_attn.rotate_one.query": (2, 2, 4, 8), "self_attn.rotate_one.key": (2, 2, 4, 8), "self_attn.mem_read.key": (2, 2, 9, 8),
        "self_attn.mem_read.mask": (2, 9), "self_attn.attn_scores": (2, 2, 4, 13), "self_attn.attn_probs": (2, 2, 4, 13),
        "self_attn.attn_output": (2, 4, 16), "attn_residual": (2, 4, 16), "mlp.act_fn": (2, 4, 20), "output": (2, 4, 16),
    }
    for name, shape in expected.items():
        assert tuple(t[at + name].shape) == shape, name
    assert at + "self_attn.mem_write.key" not in t  # the final window's keys go to the local cache (MEM-8)
    assert tuple(t["steps/0/windows/0/layers/1/self_attn.mem_write.key"].shape) == (2, 2, 8, 8)
    assert t["steps/0/schedule"].tolist() == [[0, 8], [8, 9], [9, 13]]
    assert tuple(t["steps/0/past/1/mem_key"].shape) == (2, 2, 9, 8) and "steps/0/past/0/mem_key" not in t


def test_stages_fit_each_other(code):
    """Recomputed from the recorded parts: they are what their names say."""
    t = run(code, [{"op": "forward", "input_ids": ids(2, 13), "attention_mask": [[0] * 3 + [1] * 10, [1] * 13]}]).tensors
    for window in range(3):
        for layer in range(2):
            at = f"steps/0/windows/{window}/layers/{layer}/"
            scores, probs = t[at + "self_attn.attn_scores"], t[at + "self_attn.attn_probs"]
            assert torch.equal(torch.softmax(scores, -1), probs)
            residual = t[at + "attn_residual"] + t[at + "mlp.down_proj"]
            assert torch.equal(residual, t[at + "output"])
            below = t[f"steps/0/windows/{window}/embed_tokens"] if layer == 0 else t[f"steps/0/windows/{window}/layers/0/output"]
            assert torch.equal(below + t[at + "self_attn.o_proj"], t[at + "attn_residual"])


def test_a_drop_is_written_and_read_in_its_window(code):
    steps = [{"op": "forward", "input_ids": ids(1, 4)}, {"op": "forward", "input_ids": ids(1, 5), "past": "keep", "use_cache": True, "last_context_length": 5}]
    t = run(code, steps).tensors
    at = "steps/1/windows/0/layers/1/self_attn."
    assert torch.equal(t[at + "mem_write.key"], t["steps/0/past/1/key"])
    assert torch.equal(t[at + "mem_read.key"], t[at + "mem_write.key"])
    assert tuple(t[at + "attn_scores"].shape) == (1, 2, 5, 9) and tuple(t[at + "rel_pos_ids"].shape) == (1, 5)
    assert tuple(t["steps/1/windows/0/attention_mask"].shape) == (1, 9)
    assert "steps/1/windows/0/layers/0/self_attn.mem_write.key" not in t


def test_memory_keeps_the_values_before_the_cast(code):
    steps = [{"op": "forward", "input_ids": ids(2, 13)}, {"op": "reorder", "beam_idx": [1, 1, 0]},
             {"op": "forward", "input_ids": ids(3, 5), "past": "keep", "use_cache": True, "last_context_length": 5}]
    t = run(code, steps, mem_dtype="bfloat16").tensors
    for step in range(3):
        for name in ("mem_key", "mem_value"):
            stored, raw = t[f"steps/{step}/past/1/{name}"], t[f"steps/{step}/past/1/{name}_unrounded"]
            assert stored.dtype == torch.bfloat16 and raw.dtype == torch.float32
            assert torch.equal(raw.to(torch.bfloat16), stored) and not torch.equal(raw, stored.float())
    assert tuple(t["steps/2/past/1/mem_key"].shape) == (3, 2, 13, 8)  # 9 of the prefix, then 4 dropped by 4 + 5 > 8


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_nearest_even_without_torch(dtype):
    r = np.random.default_rng(1)
    values = torch.from_numpy(np.concatenate([r.standard_normal(2000).astype(np.float32), np.float32([0, -0.0, 1.00390625, 1.01171875, 1e-6])]))
    assert torch.equal(rne_bits(values, dtype), values.to(dtype))


def test_float64_runs_in_float64(code):
    t = run(code, [{"op": "forward", "input_ids": ids(2, 13)}], "float64").tensors
    assert t["steps/0/logits"].dtype == torch.float64
    assert t["steps/0/past/1/mem_key"].dtype == torch.float32
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_runs(code, dtype):
    t = run(code, [{"op": "forward", "input_ids": ids(2, 13)}], dtype).tensors
    assert t["steps/0/logits"].dtype == getattr(torch, dtype)


def test_refusals_leave_the_past(code):
    step = {"op": "forward", "input_ids": ids(1, 2), "past": "keep", "use_cache": True}
    bad = {**step, "input_ids": [[99]], "expect_error": "ERR-1"}
    first = {"op": "forward", "input_ids": ids(1, 4)}
    with_refusal, without = run(code, [first, bad, step]), run(code, [first, step])
    assert torch.equal(with_refusal.tensors["steps/2/logits"], without.tensors["steps/1/logits"])
    assert with_refusal.steps[1].refused == "ERR-1" and "IndexError" in with_refusal.steps[1].refused_message
    assert not any(p.startswith("steps/1/") for p in with_refusal.tensors)


def test_what_is_refused_or_accepted_against_the_case_is_an_error(code):
    from assay_export.errors import ExportError

    with pytest.raises(ExportError, match="refuses"):
        run(code, [{"op": "forward", "input_ids": [[99]]}])
    with pytest.raises(ExportError, match="accepts"):
        run(code, [{"op": "forward", "input_ids": [[3]], "expect_error": "ERR-1"}])
    with pytest.raises(ExportError, match="needs a past"):
        run(code, [{"op": "forward", "input_ids": [[3]], "past": "keep"}])


def test_a_model_that_cannot_be_built_is_a_refusal(code):
    case = make_case([{"op": "forward", "input_ids": [[3]], "expect_error": "ERR-1"}], mem_layers=[7])
    out = runner.run(case, case.model, {}, code, "float32")
    assert out.steps[0].refused == "ERR-1" and not out.tensors
