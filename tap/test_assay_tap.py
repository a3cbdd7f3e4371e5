"""Tests of assay_tap.py: python -m pytest tap. Those of PyTorch are run where it is installed."""

import json
import os
import subprocess
import sys
import threading
import types

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(__file__))
import assay_tap
from assay_tap import Tap


def files(folder):
    return sorted(str(p.relative_to(folder))[:-4] for p in folder.rglob("*.npy"))


@pytest.fixture
def tap(tmp_path):
    return Tap(tmp_path / "dump")


def test_places_stages_and_leaves_a_scope_again(tap, tmp_path):
    with tap.step(2):
        with tap.window(1), tap.layer(3):
            assert tap("self_attn.q_proj", np.ones((1, 2), np.float32))
        with tap.window(1):
            assert tap("norm", np.float32([1]))
        with tap.past(5):
            assert tap("key", np.float32([1]))
        assert tap("loss", np.float32(4))
        with tap.window(0), tap.layer(0), tap.step(4):
            assert tap("logits", np.float32([1]))
    names = ["steps/2/loss", "steps/2/past/5/key", "steps/2/windows/1/layers/3/self_attn.q_proj", "steps/2/windows/1/norm", "steps/4/logits"]
    assert files(tmp_path / "dump") == names
    assert np.load(tmp_path / "dump/steps/2/loss.npy").shape == ()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bool", "int64", "int32", "uint8"])
def test_keeps_types(tap, tmp_path, dtype):
    value = np.array([[0, 1, 1], [1, 0, 0]], dtype).T
    assert tap("x", value)
    back = np.load(tmp_path / "dump/x.npy")
    assert back.dtype == dtype and np.array_equal(back, value)


def test_torch(tap, tmp_path):
    torch = pytest.importorskip("torch")
    x = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    assert tap("strided", x.permute(2, 0, 1))
    assert tap("bf16", (x + 0.1).to(torch.bfloat16))
    assert tap("grad", x.clone().requires_grad_() * 2)
    assert tap("ids", torch.tensor([[1, 2]]))
    assert tap("scalar", torch.tensor(3.0))
    dump = tmp_path / "dump"
    assert np.array_equal(np.load(dump / "strided.npy"), x.permute(2, 0, 1).numpy())
    bf16 = np.load(dump / "bf16.npy")
    assert bf16.dtype == np.float32 and np.array_equal(bf16, (x + 0.1).to(torch.bfloat16).float().numpy())
    assert np.array_equal(np.load(dump / "grad.npy"), 2 * x.numpy())
    assert np.load(dump / "ids.npy").dtype == np.int64
    assert np.load(dump / "scalar.npy").shape == ()
    if torch.cuda.is_available():
        assert tap("cuda", x.cuda()) and np.array_equal(np.load(dump / "cuda.npy"), x.numpy())


def test_mlx_arrays_by_their_protocol(tap, tmp_path):
    """MLX's types are objects of its module, and its bfloat16 arrays go to NumPy by way of float32 alone."""
    fake = types.ModuleType("fake_mlx")
    exec(
        "import numpy as np\n"
        "float32 = object()\n"
        "class array:\n"
        "    def __init__(self, data, dtype): self.data, self.dtype = data, dtype\n"
        "    def astype(self, dtype):\n"
        "        assert dtype is float32\n"
        "        return array(self.data, 'mlx.core.float32')\n"
        "    def __array__(self, dtype=None, copy=None):\n"
        "        assert self.dtype != 'mlx.core.bfloat16'\n"
        "        return np.asarray(self.data, np.float32)\n",
        fake.__dict__,
    )
    fake.array.__module__ = "fake_mlx"
    sys.modules["fake_mlx"] = fake
    try:
        assert tap("plain", fake.array([1.5], "mlx.core.float32"))
        assert tap("bf16", fake.array([2.5], "mlx.core.bfloat16"))
    finally:
        del sys.modules["fake_mlx"]
    assert np.load(tmp_path / "dump/plain.npy")[0] == 1.5 and np.load(tmp_path / "dump/bf16.npy")[0] == 2.5


def test_bad_names_and_values_do_not_stop_the_port_and_are_told_once(tap, tmp_path, capsys):
    for name in ["", "/abs", "a/../b", "..", ".hidden", "a//b", "a/", "a\nb", "a\\b", None]:
        assert tap(name, np.zeros(1)) is False
    assert tap("objects", np.array([{}])) is False
    assert tap("complex", np.zeros(1, complex)) is False
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "a stage needs a name" in err
    assert files(tmp_path / "dump") == []
    assert tap("fine", np.zeros(1))


def test_a_file_that_cannot_be_written(tap, tmp_path, capsys):
    (tmp_path / "dump/steps").write_text("in the way")
    with tap.step(0):
        assert tap("logits", np.zeros(1)) is False
    assert "logits.npy" in capsys.readouterr().err
    assert os.listdir(tmp_path / "dump") == ["steps"]


def test_no_half_written_file_is_left(tap, tmp_path, monkeypatch):
    def broken(file, array, allow_pickle):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(assay_tap.np, "save", broken)
    assert tap("x", np.zeros(1)) is False
    assert os.listdir(tmp_path / "dump") == []


def test_keeps_the_first_of_two_under_one_name(tap, tmp_path, capsys):
    assert tap("x", np.float32([1])) and tap("x", np.float32([2])) is False
    assert "is there already" in capsys.readouterr().err
    assert np.load(tmp_path / "dump/x.npy")[0] == 1


def test_opens_no_folder_that_holds_a_dump(tap, tmp_path, capsys):
    assert tap.facts(producer="one")
    assert not Tap(tmp_path / "dump").on
    assert "holds dump.json already" in capsys.readouterr().err
    assert Tap(tmp_path / "dump", add=True).on


def test_filters(tmp_path):
    tap = Tap(tmp_path, only="self_attn.?_proj,steps/*/logits")
    with tap.step(0):
        assert tap("logits", np.zeros(1)) and tap("loss", np.zeros(1))
        with tap.window(0), tap.layer(0):
            assert tap("self_attn.q_proj", np.zeros(1)) and tap("self_attn.attn_probs", np.zeros(1))
    assert files(tmp_path) == ["steps/0/logits", "steps/0/windows/0/layers/0/self_attn.q_proj"]


def test_facts_and_refusals(tap, tmp_path):
    assert tap.facts(producer="my port", dtype="float32")
    assert tap.refused(1, "MEM-11", 'a "word"') and tap.refused(2)
    assert tap.facts(case_sha256="0123")
    said = json.loads((tmp_path / "dump/dump.json").read_text())
    assert said == {
        "format": "assay-dump/1",
        "producer": "my port",
        "dtype": "float32",
        "case_sha256": "0123",
        "refused": [{"step": 1, "rules": "MEM-11", "message": 'a "word"'}, {"step": 2}],
    }


def test_threads_have_scopes_of_their_own(tap, tmp_path):
    def work(layer):
        with tap.step(0), tap.layer(layer):
            for i in range(20):
                tap(f"x{i}", np.full(3, layer))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(files(tmp_path / "dump")) == 160
    assert np.load(tmp_path / "dump/steps/0/layers/7/x19.npy")[0] == 7


@pytest.mark.parametrize("on", [False, True])
def test_the_environment_switches_it(tmp_path, on):
    code = "from assay_tap import tap; import numpy as np; print(tap.on, tap('x', np.zeros(1)), tap('../x', None))"
    env = {k: v for k, v in os.environ.items() if not k.startswith("ASSAY_TAP")}
    if on:
        env["ASSAY_TAP"] = str(tmp_path / "new/dump")
    out = subprocess.run([sys.executable, "-c", code], env=env, cwd=os.path.dirname(__file__), capture_output=True, text=True, check=True)
    assert out.stdout.split() == (["True", "True", "False"] if on else ["False", "True", "True"])
    assert (tmp_path / "new/dump/x.npy").exists() == on
