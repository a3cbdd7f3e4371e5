import json

import pytest

from ports import hf_llama, llama_cpp


@pytest.mark.parametrize("path", [hf_llama.MAP, hf_llama.MAP_CACHE, llama_cpp.MAP])
def test_each_stage_comes_from_one_tensor(path):
    rules = json.loads(path.read_text())["tensors"]
    assert len({r["to"] for r in rules}) == len({r["from"] for r in rules}) == len(rules)


def test_slices_end_at_the_last_token():
    rules = llama_cpp.map_for(llama_cpp.MAP.read_text(), 17)["tensors"]
    slices = [op["slice"] for r in rules for op in r.get("layout", []) if isinstance(op, dict) and "slice" in op]
    assert slices == [{"axis": 3, "to": 17}]


def test_flash_attention_has_no_probabilities():
    whole = json.loads(llama_cpp.MAP.read_text())
    kept = llama_cpp.without_scores(whole)["tensors"]
    assert {r["from"] for r in whole["tensors"]} - {r["from"] for r in kept} == {"kq_soft_max-{layer}"}


def test_the_map_with_the_cache_is_the_other_and_the_cache():
    plain, cache = (json.loads(p.read_text())["tensors"] for p in (hf_llama.MAP, hf_llama.MAP_CACHE))
    assert cache[:len(plain)] == plain and all("past/" in r["to"] for r in cache[len(plain):]) and len(cache) > len(plain)
