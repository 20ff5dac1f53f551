"""Package metadata: what the base install holds and what each extra adds (see CONTRIBUTING.md)."""

from pathlib import Path
from shutil import copy2

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithRanges(build_py):
    """An installed package needs the committed INT8 ranges too: they lie with the weights."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for ranges in (HERE / "calibration").glob("*.ranges.json"):
            copy2(ranges, Path(self.build_lib) / "edge3dpose" / "weights")


MATLAB = ["scipy>=1.10", "h5py>=3.8"]
NETS = ["torch>=2.6", "onnxscript>=0.3", "safetensors>=0.4", "moderngl>=5.12", "matplotlib>=3.8"]
CUDA = ["cuda-bindings>=12.6", "nvidia-cuda-nvrtc>=13; platform_machine == 'x86_64'"]
RTX = ["tensorrt-rtx-cu13>=1.5", "cuda-bindings>=13", "nvidia-cuda-nvrtc>=13"]

setup(
    name="edge3dpose",
    version="0.1.0",
    description="Real-time 3D human pose from one ordinary camera, for edge devices",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["edge3dpose", "edge3dpose.*"]),
    package_data={
        "edge3dpose": [
            "weights/*",
            "runtime/*.cu",
            "reports/page.css",
            "runtime/sources/*.mp4",
            "runtime/detectors/*.onnx",
            "training/teacher/*.json",
            "training/nets/*.cpp",
            "training/synthesis/*.json",
        ]
    },
    install_requires=[
        "numpy>=1.26",
        "opencv-python-headless>=4.8",
        "onnx>=1.16",
        "onnxruntime>=1.18",
        "openvino>=2024.4",
        "click>=8.1",
        "rich>=13",
    ],
    extras_require={
        "tensorrt": ["tensorrt>=10.3,<12", *CUDA],
        "rtx": RTX,
        "pycuda": ["pycuda>=2024.1", "cuda-bindings>=12.6"],
        "plot": ["matplotlib>=3.8"],
        "matlab": MATLAB,
        "train": [*NETS, "anny>=0.6.2"],
        "test": [*NETS, *RTX, *MATLAB, "pytest>=8", "hypothesis>=6", "ruff>=0.8", "mypy>=1.13"],
    },
    entry_points={"console_scripts": ["edge3dpose = edge3dpose.cli:main"]},
    cmdclass={"build_py": BuildWithRanges},
)
