"""Package metadata: what the base install holds and what each extra adds (see CONTRIBUTING.md)."""

from pathlib import Path

from setuptools import find_packages, setup

TRAIN = ["torch>=2.6", "safetensors", "anny>=0.6.2", "moderngl>=5.12", "matplotlib"]

setup(
    name="edge3dpose",
    version="0.1.0",
    description="Real-time 3D human pose from one ordinary camera, for edge devices",
    long_description=Path("README.md").read_text() if Path("README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["edge3dpose", "edge3dpose.*"]),
    package_data={"edge3dpose": ["weights/*", "runtime/sources/*.mp4", "runtime/detectors/*.onnx"]},
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
        "tensorrt": ["tensorrt>=10.3,<12", "cuda-bindings>=12.6"],
        "rtx": ["tensorrt-rtx-cu13>=1.5", "cuda-bindings>=13"],
        "pycuda": ["pycuda>=2024.1", "cuda-bindings>=12.6"],
        "train": TRAIN,
        "plot": ["matplotlib"],
        "test": [*TRAIN, "pytest", "hypothesis", "ruff", "mypy", "tensorrt-rtx-cu13>=1.5"],
    },
    entry_points={"console_scripts": ["edge3dpose = edge3dpose.cli:main"]},
)
