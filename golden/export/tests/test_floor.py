import pytest
import torch

from assay_export import export, floor, runner, weights
from assay_export.errors import ExportError, IllConditioned
from assay_export.plan import Plan
from conftest import ids, make_job


def test_ulp():
    for scale in (1.0, 1.5, 2.0, 3e-7, 12345.678):
        value = torch.tensor(scale)
        assert floor.ulp(value.item(), torch.float32) == (torch.nextafter(value, torch.tensor(float("inf"))) - value).item()
    assert floor.ulp(1.0, torch.float64) == 2.0**-52 and floor.ulp(1.0, torch.bfloat16) == 2.0**-7
    assert floor.ulp(0.0, torch.float32) > 0


def test_hidden_scores_do_not_count():
    base = torch.tensor([1.0, -1e6, 3.0])
    assert floor.scale_of("x/attn_scores", base) == 3.0
    assert floor.distance("x/attn_scores", base, torch.tensor([1.5, -1e6, 3.0])) == 0.5
    with pytest.raises(IllConditioned):
        floor.distance("x/attn_scores", base, torch.tensor([1.0, -1e6 + 1, 3.0]))


def test_not_finite_entries_must_coincide():
    base = torch.tensor([1.0, float("nan"), float("inf")])
    assert floor.distance("x", base, torch.tensor([1.25, float("nan"), float("inf")])) == 0.25
    for other in ([1.0, 2.0, float("inf")], [1.0, float("inf"), float("inf")], [float("nan")] * 3):
        with pytest.raises(IllConditioned):
            floor.distance("x", base, torch.tensor(other))


def test_exact_things_must_be_equal():
    with pytest.raises(IllConditioned):
        floor.distance("steps/0/tokens", torch.tensor([1]), torch.tensor([2]))
    hidden = torch.finfo(torch.float32).min
    assert floor.distance("past/0/mem_mask", torch.tensor([0.0, hidden]), torch.tensor([0.0, -1e300], dtype=torch.float64)) == 0


def test_stores_move_only_what_is_near_a_boundary():
    path, before = "steps/0/k", torch.tensor([1.0 + 2**-8 + 1e-7, 1.0 + 2**-8 - 1e-7, 1.001, -1.0 - 2**-8 - 1e-7, -0.7])
    floors = floor.Floors({path + "_unrounded": before}, torch.float32, {path + "_unrounded": 1e-7})
    stored, seen = before.to(torch.bfloat16), set()
    for seed in range(20):
        out = floor.nudger(floors, seed)(path, before, stored)
        assert torch.equal(out[[2, 4]], stored[[2, 4]])
        seen.add(tuple(out[[0, 1, 3]].tolist()))
    assert {s[0] for s in seen} == {1.0, 1.0078125} and {s[1] for s in seen} == {1.0, 1.0078125} and {s[2] for s in seen} == {-1.0, -1.0078125}


def golden(code, steps, **model):
    return export.make_golden(make_job(code, steps, **model), Plan("all"), 4)


def test_floors_bound_other_perturbations(code):
    """A run of other perturbed weights stays within a few floors: what a comparison relies on."""
    steps = [{"op": "forward", "input_ids": ids(2, 13)}]
    made = golden(code, steps)
    dump = export.make_dump(make_job(code, steps), Plan("all"), perturb=1234)
    for path, item in made.items.items():
        if path.startswith("float64/"):
            continue
        if item.noise_floor is None:
            assert torch.equal(item.tensor, dump.items[path].tensor), path
        else:
            assert (item.tensor - dump.items[path].tensor).abs().max() <= 4 * item.noise_floor, path


def fake_run(logits, tokens=None, next_logits=()):
    tensors = {"steps/0/logits": logits}
    if tokens is not None:
        tensors["steps/0/tokens"] = tokens
    return runner.Run(tensors, [runner.StepResult("generate", next_logits=list(next_logits), prompt=1)])


def test_logits_that_move_too_far_are_refused():
    run = fake_run(torch.tensor([1.0, 2.0]))
    floors = floor.Floors(floor.comparable(run), torch.float32)
    floor.check_conditioning(run, floors, floor.LARGEST_RELATIVE)
    floors.add({"steps/0/logits": torch.tensor([1.0, 2.0001])})
    with pytest.raises(IllConditioned, match="of its scale"):
        floor.check_conditioning(run, floors, floor.LARGEST_RELATIVE)


def test_close_choices_of_a_generate_are_refused():
    for gap, fits in ((1.0, True), (1e-5, False)):
        run = fake_run(torch.tensor([1.0]), torch.tensor([[3, 1]]), [torch.tensor([[0.0, 1.0, 1.0 - gap]])])
        floors = floor.Floors(floor.comparable(run), torch.float32)
        if fits:
            floor.check_conditioning(run, floors, floor.LARGEST_RELATIVE)
        else:
            with pytest.raises(IllConditioned, match="leads by"):
                floor.check_conditioning(run, floors, floor.LARGEST_RELATIVE)


def test_fresh_runs_check_the_floor():
    base = {"steps/0/logits": torch.tensor([1.0])}
    floors = floor.Floors(base, torch.float32, {"steps/0/logits": 1e-3})
    floors.add({"steps/0/logits": torch.tensor([1.0039])}, limit=floors.snapshot())
    assert floors.floor("steps/0/logits") == pytest.approx(0.0039, rel=1e-4)
    with pytest.raises(IllConditioned, match="fresh"):
        floors.add({"steps/0/logits": torch.tensor([1.02])}, limit=floors.snapshot())


def test_the_variant_of_issue_8_differs_in_memory_keys_first(code):
    steps = [{"op": "forward", "input_ids": ids(1, 13)}]
    right, wrong = (export.make_dump(make_job(code, steps), Plan("all"), variant=v).items for v in (None, "issue8"))
    different = {p for p in right if not torch.equal(right[p].tensor, wrong[p].tensor)}
    assert "steps/0/windows/0/layers/1/self_attn.mem_write.key" in different and "steps/0/logits" in different
    assert not any(p.startswith(("steps/0/windows/0/layers/0", "steps/0/windows/1/layers/0")) for p in different)


# Replayed floors: given the golden's memory

NARROW = [{"op": "forward", "input_ids": ids(2, 13)},
          {"op": "forward", "input_ids": ids(2, 5), "past": "keep", "use_cache": True, "last_context_length": 5}]


def stored_paths(items):
    return {p for p in items if p + "_unrounded" in items}


def test_a_replayer_gives_the_stored_values_or_refuses():
    golden, own = torch.tensor([1.0, 2.0]).bfloat16(), torch.tensor([1.0, 2.015625]).bfloat16()
    on_store = floor.replayer({"steps/0/k": golden})
    assert on_store("steps/0/k", own.double(), own) is golden
    for path, value in (("steps/0/v", own), ("steps/0/k", own[:1]), ("steps/0/k", own.half())):
        with pytest.raises(IllConditioned, match="stored"):
            on_store(path, value, value)


def test_replayed_floors_are_those_of_float32(code):
    made, wide = golden(code, NARROW, mem_dtype="bfloat16"), golden(code, NARROW)
    stored = stored_paths(made.items)
    assert any("mem_write" in p for p in stored) and any("mem_read" in p for p in stored) and any("past" in p for p in stored)
    for path, item in made.items.items():
        judged = item.noise_floor is not None and not path.startswith("float64/") and path not in stored
        assert (item.noise_floor_replayed is not None) == judged, path
        if judged:
            least = 4 * floor.ulp(floor.scale_of(path, item.tensor), torch.float32)
            assert item.noise_floor_replayed >= least, path
            if path in wide.items:
                assert item.noise_floor_replayed <= 16 * wide.items[path].noise_floor, path
    logits = made.items["steps/1/logits"]
    assert logits.noise_floor_replayed < 0.1 * logits.noise_floor
    assert all(item.noise_floor_replayed is None for item in wide.items.values())


def test_replayed_floors_bound_other_perturbations_on_the_same_memory(code):
    made, job = golden(code, NARROW, mem_dtype="bfloat16"), make_job(code, NARROW, mem_dtype="bfloat16")
    base = {p: item.tensor for p, item in made.items.items()}
    run = runner.run(job.case, job.config, weights.perturb(job.weights, 1234), code, "float32", on_store=floor.replayer(base))
    for path, item in made.items.items():
        if item.noise_floor_replayed is not None:
            assert (item.tensor - run.tensors[path]).abs().max() <= 4 * item.noise_floor_replayed, path
    assert all(torch.equal(run.tensors[p], base[p]) for p in stored_paths(base))


def test_replayed_floors_have_the_limits_of_float32(code, monkeypatch):
    monkeypatch.setattr(floor, "LARGEST_RELATIVE", 1e-9)
    with pytest.raises(IllConditioned, match="at most 1e-09"):
        golden(code, NARROW, mem_dtype="bfloat16")


@pytest.mark.parametrize("plan, steps", [
    (Plan("all"), {0, 1}), (Plan("subset"), {0, 1}), (Plan("outputs"), set()), (Plan("all", frozenset([1])), set()),
    (Plan("all", frozenset([0])), {0}), (Plan("all", stages=frozenset(["output"])), set())])
def test_replayed_floors_are_where_the_memory_is_held(code, plan, steps):
    made = export.make_golden(make_job(code, NARROW, mem_dtype="bfloat16"), plan, 2, with_float64=False)
    assert {n for n in (0, 1) if made.items[f"steps/{n}/logits"].noise_floor_replayed is not None} == steps


def test_a_step_without_a_past_needs_no_other_step_s_memory(code):
    alone = [NARROW[0], {**NARROW[0], "input_ids": [[99]], "expect_error": "EMB-1"}, NARROW[0], NARROW[1]]
    made = export.make_golden(make_job(code, alone, mem_dtype="bfloat16"), Plan("all", frozenset([2, 3])), 2, with_float64=False)
    assert {p for p in made.items if p.endswith("/logits") and made.items[p].noise_floor_replayed is not None} == {"steps/2/logits", "steps/3/logits"}


@pytest.mark.parametrize("mem_dtype", ["float32", "float16"])
@pytest.mark.parametrize("with_float64", [True, False])
def test_progress_counts_every_run(code, mem_dtype, with_float64):
    job, ticks = make_job(code, NARROW[:1], mem_dtype=mem_dtype), []
    export.make_golden(job, Plan("outputs"), 3, with_float64, lambda: ticks.append(1))
    assert len(ticks) == export.progress_total(job, 3, with_float64)


def test_half_precision_floors_are_means():
    path, base = "steps/0/windows/0/norm", torch.ones(100, dtype=torch.bfloat16)
    floors = floor.Floors({path: base}, torch.bfloat16)
    assert floors.floor(path) == 0.25 * 2.0**-7  # a quarter of an ulp
    floors.add({path: base.to(torch.float64) + 0.01})
    assert floors.floor(path) == pytest.approx(2**0.5 * 0.01)
    other = base.to(torch.float64)
    other[3] += 0.3
    floors.add({path: other})
    assert floors.floor(path) == pytest.approx(0.1)  # a third of the largest


def test_half_precision_floors_are_those_of_the_stage():
    few, many = "steps/1/windows/0/layers/0/output", "steps/0/windows/0/layers/0/output"
    other_layer = "steps/0/windows/0/layers/1/output"
    base = {few: torch.full((2,), 4.0), many: torch.full((50,), 2.0), other_layer: torch.full((50,), 2.0)}
    floors = floor.Floors({k: v.to(torch.bfloat16) for k, v in base.items()}, torch.bfloat16)
    floors.add({few: base[few].double(), many: base[many].double() + 0.1, other_layer: base[other_layer].double()})
    assert floors.floor(few) == pytest.approx(2 * floors.floor(many))
    assert floors.floor(other_layer) < floors.floor(many) / 10


def test_half_precision_needs_the_float64_run(code):
    job = make_job(code, NARROW[:1], dtype="bfloat16")
    with pytest.raises(ExportError):
        export.make_golden(job, Plan(), 2, with_float64=False)
