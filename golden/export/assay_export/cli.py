"""The command line: assay-export run | suite | dump | weights | serve."""

import argparse
import sys
from contextlib import contextmanager
from pathlib import Path

from . import __version__
from .errors import ExportError


@contextmanager
def progress_bar(total: int, what: str):
    """A tick function; draws only where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit="run", leave=False) as bar:
        yield lambda: bar.update(1)


def _job(args):
    from . import case, export, original

    folder = Path(args.model) if args.model else None
    code = args.original or args.model
    if code is None:
        raise ExportError("give the original's code with --original, or a folder that contains it with --model")
    return export.make_job(case.read(args.case), original.load(code), folder, args.dtype)


def _plan(args):
    from .plan import Plan

    steps = None if args.detail_steps is None else frozenset(int(n) for n in args.detail_steps.split(",") if n)
    return Plan(capture=args.capture, detail_steps=steps)


def command_run(args) -> int:
    from . import export, golden_writer

    golden_writer.check_target(args.out, args.case)
    job, plan = _job(args), _plan(args)
    with_float64 = not args.no_float64
    with progress_bar(export.progress_total(job, args.floor_runs, with_float64), job.case.name) as tick:
        contents = export.make_golden(job, plan, args.floor_runs, with_float64, tick)
    golden_writer.write(args.out, contents)
    return 0


def command_dump(args) -> int:
    from . import export, golden_writer

    golden_writer.check_target(args.out, args.case)
    golden_writer.write(args.out, export.make_dump(_job(args), _plan(args), args.perturb, args.variant))
    return 0


def command_weights(args) -> int:
    from . import case, weights

    parsed = case.read(args.case)
    if parsed.model is None or parsed.seed is None:
        raise ExportError(f"{args.case}: needs both \"model\" and \"weights\"")
    weights.write_folder(Path(args.out), parsed.model, weights.recipe(parsed.model, parsed.seed, parsed.gain))
    return 0


def command_suite(args) -> int:
    from . import original, suite

    return suite.make(original.load(args.original), Path(args.data), args.only, args.check, args.jobs)


def command_serve(args) -> int:
    from . import serve

    return serve.serve(args.original, args.capture)


def _add_run_arguments(p) -> None:
    p.add_argument("--original", metavar="CHECKOUT", help="a checkout of CStanKonrad/long_llama")
    p.add_argument("--model", metavar="HF_FOLDER", help="config.json and weights; without it the case's own. May contain the code")
    p.add_argument("--case", required=True, metavar="CASE.json")
    p.add_argument("--out", required=True, metavar="FILE.h5")
    p.add_argument("--capture", choices=("all", "subset", "outputs"), default="all", help="how much is kept (default: all)")
    p.add_argument("--detail-steps", metavar="N,N...", help="steps that keep their windows and past; the others keep outputs only")
    p.add_argument("--dtype", choices=("float32", "float64", "bfloat16", "float16"), help="in place of the case's")


def _count(text: str) -> int:
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError("must be 2 or more")
    return value


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay-export", description="Runs the original LongLLaMA and writes goldens.")
    parser.add_argument("--version", action="version", version=f"assay-export {__version__}")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: 1, so that results do not depend on the machine's number)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    p = commands.add_parser("run", help="a golden of one case: tensors, noise floors, provenance")
    _add_run_arguments(p)
    p.add_argument("--floor-runs", type=_count, default=8, metavar="N", help="perturbed runs behind each noise floor (default: 8)")
    p.add_argument("--no-float64", action="store_true", help="leave out the float64 runs (they need twice the memory)")
    p.set_defaults(function=command_run)

    p = commands.add_parser("dump", help="one run of the original, written as a port would")
    _add_run_arguments(p)
    p.add_argument("--perturb", type=int, metavar="SEED", help="move every weight by one ulp")
    p.add_argument("--variant", choices=("issue8",), help="a named mistake: issue8 rotates memory keys at their position ids")
    p.set_defaults(function=command_dump)

    p = commands.add_parser("weights", help="the weights of a case's recipe as a Hugging Face folder")
    p.add_argument("--case", required=True, metavar="CASE.json")
    p.add_argument("--out", required=True, metavar="HF_FOLDER")
    p.set_defaults(function=command_weights)

    p = commands.add_parser("suite", help="makes the shipped goldens again, or checks them")
    p.add_argument("--original", required=True, metavar="CHECKOUT")
    p.add_argument("--data", default="golden/data", metavar="FOLDER", help="where cases and goldens are (default: golden/data)")
    p.add_argument("--only", metavar="NAME", help="only the case of this name (a * matches anything)")
    p.add_argument("--check", action="store_true", help="write nothing; exit 1 when a tensor differs by more than its floor")
    p.add_argument("--jobs", type=int, default=1, help="cases that are made at the same time (default: 1)")
    p.set_defaults(function=command_suite)

    p = commands.add_parser("serve", help="the original as a port: assay fuzz --port 'assay-export serve --original CHECKOUT'")
    p.add_argument("--original", required=True, metavar="CHECKOUT", help="a checkout of CStanKonrad/long_llama")
    p.add_argument("--capture", choices=("all", "outputs"), default="outputs", help="how much is dumped (default: outputs)")
    p.set_defaults(function=command_serve)
    return parser


def main(argv=None) -> int:
    args = make_parser().parse_args(argv)
    try:
        import torch

        torch.set_num_threads(args.threads)
        return args.function(args)
    except ExportError as e:
        print(f"assay-export: {e}", file=sys.stderr)
    except (OSError, ImportError) as e:
        print(f"assay-export: {type(e).__name__}: {e}", file=sys.stderr)
    except BrokenPipeError:
        pass
    return 2
