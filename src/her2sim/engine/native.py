"""From IR text to machine code in this process, through llvmlite; kept on disk so that it is made once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MOST_KEPT = 600
"""Files kept on disk, of 0.1 to 0.6 MB where they are compiled models; the oldest are dropped."""


@dataclass(frozen=True)
class Host:
    """The processor that code is made for.

    Main arguments:
        triple, name, features: as LLVM calls them.
        lanes: patients per vector.
        llvm: version of LLVM.
    """

    triple: str
    name: str
    features: str
    lanes: int
    llvm: str


@cache
def host() -> Host:
    """This machine: 8 lanes with AVX-512, 4 with AVX2, else 2."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    lanes = 8 if features.get("avx512f") and features.get("avx512vl") else 4 if features.get("avx2") else 2
    return Host(
        triple=llvm.get_process_triple(),
        name=llvm.get_host_cpu_name(),
        features=features.flatten(),
        lanes=lanes,
        llvm=".".join(map(str, llvm.llvm_version_info)),
    )


def make_object(kernels: str, driver: str) -> bytes:
    """Compile to an object file.

    The driver goes through LLVM's optimizer; the kernels are already written as the processor is to run them, and
    the optimizer would only lengthen the lives of their values.
    """
    import llvmlite.binding as llvm

    machine = _machine()
    module: Any = llvm.parse_assembly(driver)
    module.triple = host().triple
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.slp_vectorization = False
    options.loop_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    straight: Any = llvm.parse_assembly(kernels)
    straight.triple = host().triple
    module.link_in(straight)
    return machine.emit_object(module)


def _machine() -> Any:
    import llvmlite.binding as llvm

    target = llvm.Target.from_triple(host().triple)
    # the preference makes LLVM keep to 512-bit vectors where lanes are 8 wide
    wide = ",-prefer-256-bit" if host().lanes == 8 else ""
    return target.create_target_machine(
        cpu=host().name, features=host().features + wide, opt=2, reloc="pic", codemodel="small", jit=True
    )


class Library:
    """Machine code loaded into this process. Keeps it alive as long as it is referred to."""

    def __init__(self, code: bytes) -> None:
        import llvmlite.binding as llvm

        host()
        self._compiler: Any = llvm.create_lljit_compiler(_machine())
        name = f"her2sim-{hashlib.sha256(code).hexdigest()[:16]}"
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process().export_symbol("run")
        self._tracker: Any = builder.link(self._compiler, name)
        self.address = int(self._tracker["run"])


def cache_folder() -> Path:
    """Where machine code is kept: ``her2sim/engine`` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    if base:
        return Path(base) / "her2sim" / "engine"
    home = Path(os.path.expanduser("~"))
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "her2sim" / "engine"


@cache
def engine_fingerprint() -> str:
    """Changes with every change of the code generator, so that old machine code is never used with new rules."""
    from her2sim.model import derivative, expression

    digest = hashlib.sha256()
    files = [*Path(__file__).parent.glob("*.py"), Path(derivative.__file__), Path(expression.__file__)]
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_cache(key: str) -> bytes | None:
    """What is kept under the key, or None; a damaged file counts as none."""
    with contextlib.suppress(OSError):
        content = (cache_folder() / f"{key}.o").read_bytes()
        check, code = content[:32], content[32:]
        if hashlib.sha256(code).digest() == check:
            return code
    return None


def write_cache(key: str, code: bytes) -> None:
    """Keep it, if the folder can be written; other processes never see half a file."""
    with contextlib.suppress(OSError):
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(name, folder / f"{key}.o")
        kept = sorted(folder.glob("*.o"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
