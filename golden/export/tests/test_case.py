import json

import pytest

from assay_export import case as cases

STEP = {"op": "forward", "input_ids": [[1, 2]]}


def text(step=None, **more):
    return json.dumps({"format": "assay-case/1", "steps": [step or STEP], **more}).encode()


def test_reads_every_key():
    c = cases.parse(text({"op": "generate", "input_ids": [[1.0, 2]], "max_new_tokens": 3, "eos_token_id": 2, "past": "keep"},
                         name="n", rules=["GEN-1"], weights={"seed": 2**64 - 1, "gain": 2}, dtype="float64", model={}))
    step = c.steps[0]
    assert (c.seed, c.gain, c.dtype, c.rules) == (2**64 - 1, 2.0, "float64", ["GEN-1"])
    assert step.keep_past and step.input_ids == [[1, 2]] and all(type(x) is int for x in step.input_ids[0])


def test_absent_is_not_false():
    assert cases.parse(text()).steps[0].use_cache is None
    assert cases.parse(text({**STEP, "use_cache": False})).steps[0].use_cache is False


def test_an_empty_row_is_a_shape():
    assert cases.parse(text({"op": "forward", "input_ids": [[]]})).steps[0].input_ids == [[]]


@pytest.mark.parametrize("bad", [
    b"", b"[]", b"{}", b"\xff", b"nonsense",
    b'{"format": "assay-case/1", "format": "assay-case/1", "steps": [{"op": "forward", "input_ids": [[1]]}]}',
    b'{"format": "assay-case/1", "steps": [{"op": "forward", "input_ids": [[1]], "attention_mask": [[NaN]]}]}',
    text(format="assay-case/2"), text(extra=1), text(steps=[]), text(rules="CACHE-1"), text(rules=["cache-1"]),
    text(weights={"seed": -1}), text(weights={"seed": 1, "scale": 2}), text(weights={"seed": 1, "gain": "2"}),
    text(weights={"seed": True}), text(dtype="f32"), text(model=[]), text(name=3),
    text({"op": "forwards", "input_ids": [[1]]}), text({**STEP, "input_id": [[1]]}), text({**STEP, "input_ids": [[1], [1, 2]]}),
    text({**STEP, "input_ids": [1, 2]}), text({**STEP, "input_ids": [[1.5]]}), text({**STEP, "input_ids": [["1"]]}),
    text({**STEP, "input_ids": [[True]]}), text({**STEP, "input_ids": [[2**63]]}), text({**STEP, "use_cache": 1}),
    text({**STEP, "use_cache": None}), text({**STEP, "past": "kept"}), text({**STEP, "last_context_length": 1.5}),
    text({**STEP, "expect_error": "ERR"}), text({**STEP, "expect_error": "ERR-1 "}), text({**STEP, "labels": [1]}),
    text({**STEP, "attention_mask": [[1, [1]]]}), text({**STEP, "inputs_embeds": [[1.0]]}), text({**STEP, "max_new_tokens": 1}),
    text({"op": "generate", "input_ids": [[1]]}), text({"op": "generate", "input_ids": [[1]], "max_new_tokens": 0}),
    text({"op": "generate", "input_ids": [[1]], "max_new_tokens": 1, "position_ids": [[0]]}),
    text({"op": "reorder"}), text({"op": "reorder", "beam_idx": [[0]]}), text({"op": "reorder", "beam_idx": [0], "past": "keep"}),
])
def test_refuses(bad):
    with pytest.raises(cases.CaseError):
        cases.parse(bad, "here.json")


def test_message_names_the_file_and_the_place():
    with pytest.raises(cases.CaseError, match=r"here\.json: steps\[0\]\.input_ids is ragged"):
        cases.parse(text({**STEP, "input_ids": [[1], []]}), "here.json")
