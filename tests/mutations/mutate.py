#!/usr/bin/env python3
"""Changes one number of the solver by 2 % at a time and asks whether a test notices.

    python3 tests/mutations/mutate.py             every mutation of list.toml
    python3 tests/mutations/mutate.py --resume    only those that nothing has caught yet
    python3 tests/mutations/mutate.py --only Hill only those whose name holds a text
    python3 tests/mutations/mutate.py --suites theory,perfusion   only these test suites
    python3 tests/mutations/mutate.py --solvers   the solvers without what keeps them positive
    python3 tests/mutations/mutate.py --check     are all places still in the source?
    python3 tests/mutations/mutate.py --table     writes the results into docs/verification.md

All mutants are compiled at once: each place gets a factor that is 1, or 1.02 in the process whose
environment names its number. The source is copied to target/mutations first, the build stays
there; results are kept in target/mutations/results.json. Only tests whose expectations come from
theory or a reference count: comparisons with the program's own printed digits are left out.
CARGO names the cargo to use.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "mutations"
COPY = WORK / "copy"
RESULTS = WORK / "results.json"
BOOK = ROOT / "docs" / "verification.md"
COPIED = ["src", "tests", "benches", "cases", "docs", "meshes", "Cargo.toml", "Cargo.lock", "README.md"]
# Fast ones first.
SUITES = [
    "blastema", "case_file", "theory", "perfusion", "motion", "limits", "scales", "walls", "extremes", "still", "geometry", "supply", "matter", "porosity", "damage", "populations", "shear", "velocity", "brinkman",
    "periodic", "structures", "symmetry", "orders", "verification", "model", "output", "output_cli", "random",
]
# What the program printed before is no theory.
LEFT_OUT = ["the_book_shows_what_verify_says", "verify_knows_every_case"]
LIMIT = 240
START = "<!-- generated: python3 tests/mutations/mutate.py --table -->\n"
END = "<!-- end of mutations -->"

SWITCH = '''//! Which mutant this process is: in scratch copies of tests/mutations/mutate.py only.

use std::sync::LazyLock;

static WHICH: LazyLock<usize> = LazyLock::new(|| {
    std::env::var("BLASTEMA_MUTANT").ok().and_then(|v| v.parse().ok()).unwrap_or(0)
});

/// 1.02 in mutant `n`, else 1.
pub fn factor(n: usize) -> f64 {
    if *WHICH == n { 1.02 } else { 1.0 }
}

/// True in mutant `n`.
pub fn on(n: usize) -> bool {
    *WHICH == n
}
'''


def listed():
    """Edits (file, find, with) and mutants (number, name, file, is it a solver)."""
    data = tomllib.loads((Path(__file__).parent / "list.toml").read_text())
    edits, mutants, number = [], [], 0
    for place in data["place"]:
        text = place["with"]
        for i, what in enumerate(place["what"], 1):
            number += 1
            assert f"{{{i}}}" in text, f"{what}: no {{{i}}}"
            text = text.replace(f"{{{i}}}", f"crate::mutant::factor({number})")
            mutants.append((number, what, place["file"], False))
        edits.append((place["file"], place["find"], text))
    for solver in data["solver"]:
        number += 1
        mutants.append((number, solver["what"], solver["edits"][0]["file"], True))
        for e in solver["edits"]:
            edits.append((e["file"], e["find"], e["with"].replace("{on}", f"crate::mutant::on({number})")))
    names = [m[1] for m in mutants]
    assert len(set(names)) == len(names), "two mutations of one name"
    return edits, mutants


def located(edits):
    """Edits with the one file of their pattern in which the text stands, and what is not exactly
    once in the source."""
    out, missing = [], []
    for file, find, replacement in edits:
        counts = {p: p.read_text().count(find) for p in sorted(ROOT.glob(file))}
        if sum(counts.values()) != 1:
            missing.append(f"{file}: found {sum(counts.values())} times: {' '.join(find.split())[:90]}")
        out += [(str(p.relative_to(ROOT)), find, replacement) for p, n in counts.items() if n]
    return out, missing


def build(edits):
    """Copies the source, puts the switches in, builds; gives the test binaries by suite."""
    COPY.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = ROOT / name, COPY / name
        if source.is_dir():
            # Times are kept, so that only what changed is built again.
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy2(source, target)
    for file in sorted({e[0] for e in edits}):
        path = COPY / file
        text = path.read_text()
        for _, find, replacement in (e for e in edits if e[0] == file):
            assert find in text, f"{file}: another mutation took this place: {find}"
            text = text.replace(find, replacement)
        path.write_text(text)
    (COPY / "src" / "mutant.rs").write_text(SWITCH)
    lib = COPY / "src" / "lib.rs"
    lib.write_text(lib.read_text() + "pub mod mutant;\n")
    done = subprocess.run(
        [os.environ.get("CARGO", "cargo"), "test", "--no-run", "--message-format=json"],
        cwd=COPY, env=os.environ | {"CARGO_TARGET_DIR": str(WORK / "build")},
        stdout=subprocess.PIPE, text=True,
    )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        for m in said:
            if m.get("message", {}).get("level") == "error":
                print(m["message"]["rendered"])
        sys.exit("the mutants do not compile")
    suites = {}
    for m in said:
        if m.get("executable") and m.get("profile", {}).get("test"):
            if m["target"]["kind"] != ["bin"]:
                suites[m["target"]["name"]] = m["executable"]
    return {s: suites[s] for s in SUITES if s in suites}


def caught(suites, number, only=()):
    """The tests of the first suite that fails on a mutant; None: all pass."""
    env = os.environ | {"BLASTEMA_MUTANT": str(number), "RUST_BACKTRACE": "0"}
    for suite, binary in suites.items():
        skips = [a for t in LEFT_OUT for a in ("--skip", t)]
        try:
            done = subprocess.run(
                [binary, *only, *skips], cwd=COPY, env=env, timeout=LIMIT,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )
        except subprocess.TimeoutExpired:
            return f"{suite}: no end in {LIMIT} s"
        if done.returncode:
            lines = done.stdout.splitlines()
            failed = [l.split()[1] for l in lines if l.startswith("test ") and l.endswith("FAILED")]
            more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            return f"{suite}: {failed[0] if failed else 'ended early'}{more}"
    return None


def table(mutants, results):
    plain = [m for m in mutants if not m[3] and m[1] in results]
    left = [m for m in plain if results[m[1]] is None]
    out = [
        f"{len(plain)} mutations of 2 %, {len(plain) - len(left)} caught"
        + (f"; not caught: {', '.join(m[1] for m in left)}." if left else "."),
        "",
    ]
    for _, what, _, solver in mutants:
        if solver and what in results:
            out.append(f"- Mutated solver, {what}: {results[what] or 'not caught'}.")
    out += ["", "<details><summary>All mutations</summary>", "", "| where | what is 2 % off | caught by |", "|---|---|---|"]
    for _, what, file, _ in plain:
        out.append(f"| `{file.removeprefix('src/')}` | {what} | {results[what] or '**nothing**'} |")
    out += ["", "</details>"]
    book = BOOK.read_text()
    start, end = book.index(START) + len(START), book.index(END)
    BOOK.write_text(book[:start] + "\n".join(out) + "\n" + book[end:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resume", action="store_true", help="only what nothing has caught yet")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutations whose name holds this")
    parser.add_argument("--suites", metavar="A,B", help="only these test suites")
    parser.add_argument("--solvers", action="store_true", help="only the mutated solvers, on the random cases")
    parser.add_argument("--check", action="store_true", help="only look whether the places are there")
    parser.add_argument("--table", action="store_true", help="only write the table of the results")
    args = parser.parse_args()
    edits, mutants = listed()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if args.table:
        return table(mutants, results)
    edits, missing = located(edits)
    for line in missing:
        print(line)
    if missing or args.check:
        print(f"{len(mutants)} mutations, {len(missing)} places that are not there")
        sys.exit(1 if missing else 0)
    suites = build(edits)
    if args.suites:
        suites = {s: suites[s] for s in args.suites.split(",")}
    if args.solvers:
        suites = {"random": suites["random"]}
    only = ["random_cases_stay_positive"] if args.solvers else []
    if (broken := caught(suites, 0, only)) is not None:
        sys.exit(f"without a mutation: {broken}")
    chosen = [m for m in mutants if m[3] == args.solvers and args.only in m[1]]
    if args.resume:
        chosen = [m for m in chosen if results.get(m[1]) is None]
    survivors = []
    for number, what, file, _ in chosen:
        begun = time.time()
        by = caught(suites, number, only)
        results[what] = by
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False))
        print(f"{'survived' if by is None else 'killed  '} {what} ({file}) {by or ''} {time.time() - begun:.0f} s", flush=True)
        if by is None:
            survivors.append(what)
    print(f"{len(chosen)} mutations, {len(survivors)} survived: {'; '.join(survivors)}")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
