"""What exporters share: ONNX graphs, parity with torch, licences, and a model folder written whole or not at all."""
