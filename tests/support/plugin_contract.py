"""What every plugin of a folder must fulfil, whichever folder it is."""

import inspect
import subprocess
import sys
from pathlib import Path

from edge3dpose import plugins
from edge3dpose.plugins import PluginOption

HEAVY = (
    *("cv2", "av", "PIL", "onnx", "onnxruntime", "openvino"),
    *("tensorrt", "tensorrt_rtx", "cuda", "torch"),
)
ALL_LOADED = """
import sys
from edge3dpose import plugins
plugins.find_all(sys.argv[1])
print(*sorted(set(sys.modules) & set(sys.argv[2:])))
"""


def check(folder, name, base):
    """The file of a choice declares one plugin, described and named after the file."""
    module = plugins.load(folder, name)
    plugin = module.PLUGIN
    assert plugins.find(folder, name) is plugin
    assert isinstance(plugin, base)
    assert plugin.name == name
    assert module.__doc__
    for cls in described(module):
        assert cls.__doc__, cls
        for attribute, value in vars(cls).items():
            if inspect.isfunction(value) and not attribute.startswith("_"):
                assert value.__doc__, f"{cls.__name__}.{attribute}"
    return plugin


def described(module):
    """The public classes of a module."""
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]


def check_options(declared):
    """Options can become click options: flags, help, kind and defaults."""
    for option in declared:
        assert isinstance(option, PluginOption)
        assert option.flags.startswith("--")
        assert option.help[0].isupper()
        assert option.kind in (bool, str, int, float, Path)
        assert ("/--no-" in option.flags) == (option.kind is bool)
        assert option.name.isidentifier()
        if option.choices:
            assert option.kind is str
    names = [option.name for option in declared]
    assert len(set(names)) == len(names)


def loaded_with(folder):
    """The heavy packages that importing every plugin of a folder loads."""
    words = [sys.executable, "-c", ALL_LOADED, folder, *HEAVY]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.split()
