"""How fast the original is in PyTorch, on the model and calls of engine/bench_engine.c: one line a figure.

    python -m assay_export.bench --original CHECKOUT [--threads N]
"""

import argparse
import statistics
import sys
import time

import torch

from .original import load

PROMPT, WINDOW, MEMORY = 1280, 512, 16384


def build(original):
    config = original.configuration.LongLlamaConfig(
        vocab_size=32000,
        hidden_size=1024,
        intermediate_size=2752,
        num_hidden_layers=8,
        num_attention_heads=16,
        max_position_embeddings=WINDOW,
        last_context_length=256,
        mem_layers=[2, 4, 6],
    )
    return original.modeling.LongLlamaForCausalLM(config).eval()


def median_seconds(call, runs):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def ids(count):
    generator = torch.Generator().manual_seed(7)
    return torch.randint(0, 32000, (1, count), generator=generator)


def memory_past(model):
    """A past of random tokens in memory and 64 in the local cache."""
    empty = torch.empty(1, 0, 0, 0)
    layers = []
    for layer in range(8):
        if layer in model.config.mem_layers:
            stored = torch.rand(1, 16, MEMORY, 64).sub_(0.5).to(torch.bfloat16)
            layers.append((empty, empty, empty, stored, stored.clone(), torch.zeros(1, 1, MEMORY, 1)))
        else:
            layers.append((empty,) * 6)
    return model(ids(64), past_key_values=tuple(layers), use_cache=True).past_key_values


def decode_seconds(model, past, steps=41):
    state = {"past": past}

    def step():
        state["past"] = model(ids(1), past_key_values=state["past"], use_cache=True).past_key_values

    return median_seconds(step, steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True, help="checkout of long_llama")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = build(load(arguments.original))
    print(f"original.torch {torch.__version__}")
    print(f"original.isa {torch.backends.cpu.get_cpu_capability()}")
    print(f"original.threads {torch.get_num_threads()}")
    a = torch.rand(1024, 1024)
    peak = 2 * 1024**3 / median_seconds(lambda: a @ a.T, 15) * 1e-9
    print(f"original.sgemm_peak {peak:.1f} GFLOP/s")
    with torch.no_grad():
        prompt = ids(PROMPT)
        print(f"original.prefill_1280 {median_seconds(lambda: model(prompt, use_cache=True), 5):.4f} s")
        past = model(ids(256), use_cache=True).past_key_values
        print(f"original.decode {decode_seconds(model, past):.5f} s/token")
        print(f"original.decode_memory_16k {decode_seconds(model, memory_past(model)):.5f} s/token")
    return 0


if __name__ == "__main__":
    sys.exit(main())
