"""Text becomes unit vectors here: where the model lies, how it is exported once, how it is run.

Nothing is told to anyone: onnxruntime from 1.29 on sends data about its use to its maker, keeps a file that identifies
the machine in the user's cache, and decides that once, when it is loaded. So it is told here, before that.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md
os.environ["ORT_TELEMETRY_DISABLED"] = "1"  # the name that some versions read
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
