"""A model for inference servers: a repository of ONNX graphs, their configs and a client."""
