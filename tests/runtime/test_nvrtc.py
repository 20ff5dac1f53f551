"""CUBINs for every architecture that is promised, made here without a GPU, and their cache."""

import struct

import pytest

from edge3dpose.errors import MissingDependency
from edge3dpose.runtime import nvrtc
from edge3dpose.runtime.gpu_crop import SOURCE, kernel_name

CAPABILITIES = ["7.5", "8.0", "8.6", "8.7", "8.9", "9.0", "10.0", "11.0", "12.0"]
NVIDIA = 190  # EM_CUDA, an ELF file's machine


def problem():
    try:
        nvrtc.architectures()
    except MissingDependency as error:
        return str(error)
    return ""


needs_nvrtc = pytest.mark.skipif(bool(problem()), reason=problem())


def symbols(elf: bytes) -> set[str]:
    """Names of an ELF file's symbols."""
    (start,) = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, start + n * size) for n in range(count)]
    table = next(section for section in sections if section[1] == 2)  # SHT_SYMTAB
    _, _, _, _, names_at, names_size, *_ = sections[table[6]]
    names = elf[names_at : names_at + names_size]
    found = set()
    for at in range(table[4], table[4] + table[5], table[9]):
        (name,) = struct.unpack_from("<I", elf, at)
        found.add(names[name : names.index(b"\0", name)].decode())
    return found


@needs_nvrtc
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_crop_is_compiled_for_every_gpu_that_is_promised(tmp_path, capability):
    code = nvrtc.cubin(SOURCE, capability, folder=tmp_path)
    assert code[:5] == b"\x7fELF\x02"
    assert struct.unpack_from("<H", code, 18) == (NVIDIA,)
    wanted = {kernel_name(f, half=half) for f in ("bgr", "nv12") for half in (False, True)}
    assert wanted <= symbols(code)
    assert f"sm_{capability.replace('.', '')}-" in next(tmp_path.iterdir()).name


@needs_nvrtc
def test_what_was_compiled_is_kept_until_the_source_changes(tmp_path):
    source, cache = tmp_path / "crop.cu", tmp_path / "kernels"
    source.write_bytes(SOURCE.read_bytes())
    first = nvrtc.cubin(source, "8.7", folder=cache)
    (kept,) = cache.iterdir()
    kept.write_bytes(first + b"as it was kept")
    assert nvrtc.cubin(source, "8.7", folder=cache) == first + b"as it was kept"
    source.write_bytes(source.read_bytes() + b"\n// changed")
    assert nvrtc.cubin(source, "8.7", folder=cache)[:4] == b"\x7fELF"
    assert len(list(cache.iterdir())) == 2


@needs_nvrtc
def test_a_cache_that_cannot_be_trusted_or_written_is_done_without(tmp_path):
    cache = tmp_path / "kernels"
    code = nvrtc.cubin(SOURCE, "8.7", folder=cache)
    (kept,) = cache.iterdir()
    kept.write_bytes(b"")
    assert nvrtc.cubin(SOURCE, "8.7", folder=cache) == code
    assert kept.read_bytes() == code
    kept.write_bytes(code + b"by another user")
    cache.chmod(0o777)
    assert nvrtc.cubin(SOURCE, "8.7", folder=cache) == code
    assert nvrtc.cubin(SOURCE, "8.7", folder=kept / "no folder") == code


@needs_nvrtc
def test_a_device_that_nvrtc_does_not_know_is_one_clear_line(tmp_path):
    with pytest.raises(
        MissingDependency, match=r"NVRTC .* compiles for sm_75.*this device is sm_61"
    ):
        nvrtc.cubin(SOURCE, "6.1", folder=tmp_path)


@needs_nvrtc
def test_an_error_in_a_source_is_reported_in_the_compilers_words(tmp_path):
    (tmp_path / "wrong.cu").write_text("__global__ void f() { nothing; }")
    with pytest.raises(RuntimeError, match=r"wrong\.cu\(1\): error: identifier \"nothing\""):
        nvrtc.cubin(tmp_path / "wrong.cu", "8.7", folder=tmp_path)


@pytest.mark.skipif(not problem(), reason="NVRTC is here")
def test_without_nvrtc_the_error_says_what_to_install(tmp_path):
    with pytest.raises(MissingDependency, match="pip install cuda-bindings nvidia-cuda-nvrtc"):
        nvrtc.cubin(SOURCE, "8.7", folder=tmp_path)
