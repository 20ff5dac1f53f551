#!/usr/bin/env bash
# On a Jetson: clocks, install, build, run, report. Usage: benchmarks/jetson.sh [POWER-MODE-NUMBER]
# Writes jetson-report/; send its JSON with the issue form "Benchmark report". docs/jetson.md explains each step.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/jetson-report cuts=1,3,7,11,24
pose=(.venv/bin/python -m edge3dpose)
[[ -e /etc/nv_tegra_release ]] || { echo "no Jetson: /etc/nv_tegra_release is missing; elsewhere: benchmarks/gpu_day.py" >&2; exit 1; }
mkdir -p "$out"

if [[ $# -gt 0 ]]; then sudo nvpmodel -m "$1"; fi
sudo jetson_clocks --store "$out/clocks-before.conf"
trap 'sudo jetson_clocks --restore "$out/clocks-before.conf"' EXIT
sudo jetson_clocks
{ cat /etc/nv_tegra_release; sudo nvpmodel -q; sudo jetson_clocks --show; } > "$out/board.txt" 2>&1

if [[ ! -x .venv/bin/python ]]; then
  cuda_major=$(grep -oPm1 '"version" *: *"\K[0-9]+' /usr/local/cuda/version.json)
  python3 -m venv --system-site-packages .venv
  .venv/bin/pip install "numpy<2" onnx onnxruntime av pillow click rich jinja2 filelock platformdirs psutil websockets pyyaml \
    tomli pytest hypothesis "cuda-bindings>=$cuda_major,<$((cuda_major + 1))"
  .venv/bin/pip install --no-deps .
fi
"${pose[@]}" doctor --json > "$out/doctor.json"

for precision in fp16 int8; do
  "${pose[@]}" build-engine --backend tensorrt --precision "$precision" --cut "$cuts" --report "$out/build-$precision.json"
done
"${pose[@]}" run --source sample --backend tensorrt --precision fp16 --cut 7 --no-show --overwrite --jsonl "$out/poses.jsonl"
.venv/bin/python -m pytest -o addopts=-ra -m gpu tests/runtime > "$out/gpu-tests.txt" 2>&1 || tail -n 3 "$out/gpu-tests.txt"
"${pose[@]}" benchmark --backend tensorrt --precision fp16,int8 --cut "$cuts" --official --report "$out/speed.json"
echo "wrote $out; send speed.json, build-*.json, doctor.json and board.txt with the issue form \"Benchmark report\""
