"""From R's file of the data set Letter to a .npz as latentvr reads it: LetterRecognition.rda -> LETTER.npz."""

import json
import sys
import warnings

import numpy as np
import rdata

warnings.filterwarnings("ignore")  # The file does not say that its texts are ASCII.
table = rdata.read_rda(sys.argv[1])["LetterRecognition"]
letters = table.pop("lettr").astype(str).to_numpy()
categories, truth = np.unique(letters, return_inverse=True)
items = table.to_numpy(dtype=np.float32)
np.savez_compressed(sys.argv[2], items=items, truth=truth.astype(np.int16), categories=categories.astype("U1"))
print(json.dumps({"items": items.shape, "categories": len(categories)}))
