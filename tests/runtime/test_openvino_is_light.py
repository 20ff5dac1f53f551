"""OpenVINO comes without its converter of other frameworks' models, which can be had later."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino")
CODE = """
import sys
from edge3dpose.runtime.backends import openvino
openvino.PLUGIN.version()
assert "openvino.tools.ovc" not in sys.modules
from openvino.tools.ovc import convert_model
print(convert_model.__name__)
"""


def test_the_converter_is_not_loaded_and_not_lost():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout == "convert_model\n", done.stderr
