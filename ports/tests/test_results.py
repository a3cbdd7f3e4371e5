import json

import pytest

from ports.assay import blame_line, diagnosis_line, judged_of
from ports.digests import check
from ports.report import example, number


def entry(verdict, stage, **tolerance):
    return {"verdict": verdict, "stage": stage, "path": f"steps/0/{stage}", "tolerance": tolerance}


def test_what_is_missing_is_not_compared():
    case = {"name": "x", "verdict": "fail", "first_divergence": 1, "seconds": 2.5, "entries": [
        entry("pass", "norm", ratio=0.5), entry("fail", "logits", ratio="Infinity"), entry("missing", "output"), entry("fail", "schedule")]}
    out = judged_of("port", case)
    assert (out.compared, out.failed, out.worst, out.worst_path) == (3, 2, float("inf"), "steps/0/logits")
    assert (out.worst_passing, out.first, out.failing) == (0.5, "steps/0/logits", ["logits", "schedule"])


def test_mistakes_that_compute_the_same_are_named_together():
    def mistake(name):
        return {"mistakes": [{"name": name, "rule": "MEM-1"}], "same_as_best": name != "a"}
    result = {"verdict": "explained", "ranking": [mistake(n) for n in "abcd"]}
    assert diagnosis_line(result) == "explained: a (MEM-1), or b (MEM-1), or c (MEM-1), and 1 more that compute the same"
    assert diagnosis_line({"verdict": "unknown", "ranking": result["ranking"]}) == "unknown"
    assert diagnosis_line({"verdict": "match"}) == "match"


def test_suspects_count_where_nothing_is_at_fault():
    def operation(name, faults, suspects):
        return {"operation": name, "judged": 4, "faults": faults, "suspects": suspects, "worst": 12.34}
    assert blame_line({"operations": [operation("rotary", 2, 0), operation("head", 0, 1)]}) == "rotary (2 of 4 stages, own error 12 tolerances)"
    assert blame_line({"operations": [operation("rotary", 0, 2), operation("head", 0, 1)]}) == "suspects rotary, head"
    assert blame_line({"operations": [operation("rotary", 0, 0)]}) == "none"


def test_numbers_have_two_digits():
    assert [number(x) for x in (0.0, 0.1234, 1.26, 45.6, 1234.0, 1e-4, float("inf"))] == ["0", "0.12", "1.3", "46", "1.2e+03", "1.0e-04", "infinite"]


def test_other_weights_are_an_error_and_another_golden_is_said(tmp_path):
    path, facts = tmp_path / "facts.json", {"weights_xxh128": "a", "golden_sha256": "b"}
    assert check(path, facts, False) == "the committed one"
    assert json.loads(path.read_text()) == facts
    assert check(path, {**facts, "golden_sha256": "c"}, False).startswith("not the committed one")
    with pytest.raises(ValueError, match="weights_xxh128 is a"):
        check(path, {**facts, "weights_xxh128": "x"}, False)
    check(path, {**facts, "weights_xxh128": "x"}, True)
    assert json.loads(path.read_text())["weights_xxh128"] == "x"


def test_the_example_port_says_what_it_does_not_do():
    counts = {"rules": 59, "rules_passed": 55, "rules_failed": 0, "rules_not_exercised": 4, "cases": 85, "passed": 80, "failed": 0, "not_run": 5}
    assert example({"verdict": "pass", "summary": counts}).endswith(
        "pass. Of 85 cases 80 passed, 5 not run; of 59 rules 55 passed, 4 not exercised.\n")
    assert "Not built" in example(None)
