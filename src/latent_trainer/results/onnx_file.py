"""The network as ONNX, for those who have neither PyTorch nor latentvr."""

import io
import json
import warnings
from collections.abc import Mapping

import torch

from latent_trainer.results.exported import ExportedModel

OPSET = 17
_OUTPUTS = ("latents", "probabilities", "confidence")


class OnnxError(Exception):
    """The network cannot be written as ONNX here; the text says why."""


def onnx_bytes(model: ExportedModel, names: Mapping[int, str]) -> bytes:
    """Return the network as an ONNX file: from `items` to `latents`, `probabilities` and `confidence`.

    `items` is float32 (B, ...), any number, pictures 0 to 255. The file's metadata entry `categories` says in JSON
    which category each column of `probabilities` is. `names`: what categories are called, by id. Raises OnnxError.

    The exporter by tracing takes 0.1 s; the one by torch.export takes 1 to 5 s, and needs onnxscript besides.
    """
    try:
        return _with_categories(_traced(model), model.known_ids, names)
    except Exception as error:
        # Whatever it is, from a missing package to an operation that ONNX does not have: it concerns one file of many.
        reason = next(iter(str(error).strip().splitlines()), "")
        raise OnnxError(f"{type(error).__name__}: {reason}") from error


def _traced(model: ExportedModel) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that it is the older exporter, and of what tracing does not follow
        torch.onnx.export(
            model,
            (torch.zeros(2, *model.item_shape),),
            stream,  # type: ignore[arg-type]  # this exporter writes to streams too
            dynamo=False,
            opset_version=OPSET,
            input_names=["items"],
            output_names=list(_OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in ("items", *_OUTPUTS)},
        )
    return stream.getvalue()


def _with_categories(exported: bytes, known: list[int], names: Mapping[int, str]) -> bytes:
    # Only where it is needed: it takes a while to import, and may not be there.
    import onnx

    graph = onnx.load_model_from_string(exported)
    categories = json.dumps([{"id": category, "name": names.get(category, "")} for category in known])
    onnx.helper.set_model_props(graph, {"categories": categories})
    return bytes(graph.SerializeToString())
