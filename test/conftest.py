"""Shared by all tests: runs do not hear each other, nor anything else on the network."""

import importlib.util
import os
import sys
from pathlib import Path

# Of this process alone: several test runs may share a machine. 0 to 100 are left to people.
os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 130))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE.parent / "src"), str(_HERE / "support")]

# The CUDA build of PyTorch brings Triton, which ends the process if it is loaded after Mesa. No node loads both.
if importlib.util.find_spec("triton"):
    importlib.import_module("triton")
