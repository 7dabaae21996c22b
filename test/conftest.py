"""Shared by all tests: runs do not hear each other, nor anything else on the network."""

import os
import sys
from pathlib import Path

# Of this process alone: several test runs may share a machine. 0 to 100 are left to people.
os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 130))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE.parent / "src"), str(_HERE / "support")]
