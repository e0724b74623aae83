"""Every block of Python in docs/python.md runs, each in a folder of its own."""
import os
import re
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "..", "..", "docs", "python.md"), encoding="utf-8") as page:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read(), re.M | re.S)
assert len(blocks) == 3, len(blocks)
for block in blocks:
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):  # "The same lines again go on"
            subprocess.run([sys.executable, "-c", block], cwd=folder, check=True, timeout=300)
