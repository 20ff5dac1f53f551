"""python -m edge3dpose: nothing more is imported from the folder that it is started in.

Python puts that folder first on the path; a file in it called as some module would be run. What
Python itself imports before this line is beyond reach: ``python -P -m edge3dpose``, or the command
edge3dpose, leaves the folder out from the start.
"""

import os
import sys

if not getattr(sys.flags, "safe_path", False) and sys.path and sys.path[0] in ("", os.getcwd()):
    del sys.path[0]

from edge3dpose.cli import main

main()
